import { expect, test } from 'vitest';
import { answerPayload, observedPayload } from '../../src/contract/payloads.ts';
import { raisedAlertPayload, rulePayload } from '../../src/contract/rule-payloads.ts';
import type { WindowState } from '../../src/contract/window.ts';
import { observation } from '../../tools/test/observation.ts';
import { porchAim, porchFacts } from '../../tools/test/running-window.ts';
import {
  atFirst,
  type PageEvent,
  type PageState,
  secondsLeft,
  stateAfter,
  withGateHistory,
} from '../../web/src/page-state.ts';

const { cameras, ...facts } = porchFacts;
const window: WindowState = {
  schema: 1,
  at: '2026-11-30T12:00:10.000Z',
  ...facts,
  role: 'owner',
  loading: null,
  broker: true,
  health: null,
  cameras: {
    porch: {
      ...cameras['porch']!,
      aim: porchAim,
      status: null,
      config: null,
      vision: null,
      look: null,
      observation: null,
      answers: {},
      rules: {},
      measured: {},
    },
  },
  alerts: [],
  watches: [],
};
const nowMs = Date.parse('2026-11-30T12:00:00Z');

function after(events: readonly PageEvent[], state: PageState = atFirst): PageState {
  return events.reduce((before, event) => stateAfter(before, event, nowMs), state);
}

const whole: PageEvent = { name: 'state', data: window };

test('what comes before the whole state is ignored, and the clock of the board is known with it', () => {
  expect(after([{ name: 'look', data: { camera: 'porch', payload: null } }])).toBe(atFirst);
  expect(after([whole])).toMatchObject({ connection: 'open', aheadMs: 10_000, window });
});

test('the clock of the board is followed when it is set, and not when an event is late', () => {
  const health = (at: string): PageEvent => ({
    name: 'health',
    data: {
      ...{ schema: 1, at, engine: 'idle', queue_depth: 0, cameras: {} },
      frames: { captured: 0, described: 0, unchanged: 0, failed: 0, dropped: 0, expired: 0 },
    },
  });
  const unset: PageEvent = { name: 'state', data: { ...window, at: '2026-01-01T00:00:00.000Z' } };
  const before = after([unset, health('2026-01-01T00:00:02.000Z')]);
  expect(before.aheadMs).toBe(Date.parse('2026-01-01T00:00:00Z') - nowMs);
  expect(after([health('2026-11-30T12:00:00.500Z')], before).aheadMs).toBe(500);
});

test('with other private zones, pictures of a camera from before are not shown any more', () => {
  const [first, second] = [1, 2].map(() => observedPayload(observation(), new Date()));
  const zone: [number, number][] = [
    [0, 0],
    [1, 0],
    [0, 1],
  ];
  const seen = (payload: typeof first): PageEvent => ({
    name: 'observation',
    data: { camera: 'porch', payload: payload! },
  });
  const aimed = (privacy: [number, number][][], ignore: [number, number][][] = []): PageEvent => ({
    name: 'aim',
    data: { camera: 'porch', payload: { ...porchAim, privacy, ignore } },
  });
  const before = after([whole, seen(first), aimed(porchAim.privacy, [zone])]);
  expect([...before.covered]).toEqual([]);
  const covered = after([aimed([zone])], before);
  expect([...covered.covered]).toEqual([first!.id]);
  expect([...after([seen(second), aimed([zone])], covered).covered]).toEqual([first!.id]);
  // While the connection was lost, too.
  const again = after([seen(second), { name: 'state', data: before.window! }], covered);
  expect(again.covered).toEqual(new Set([first!.id, second!.id]));
});

test('an observation replaces the description, and answers those to their questions; answers alone do not', () => {
  const described = observedPayload(observation(), new Date());
  const answered = observedPayload(observation({ text: null }), new Date());
  const answer = (value: number) => answerPayload(answered, { value, confidence: null, isCalibrated: false });
  const answers = (payload: Record<string, ReturnType<typeof answer>>): PageEvent => ({
    name: 'answers',
    data: { camera: 'porch', payload },
  });
  const state = after([
    whole,
    { name: 'observation', data: { camera: 'porch', payload: described } },
    answers({ people: answer(1), dogs: answer(0) }),
    { name: 'observation', data: { camera: 'porch', payload: answered } },
    answers({ people: answer(2) }),
  ]);
  expect(state.window!.cameras['porch']).toMatchObject({
    observation: { id: described.id },
    answers: { people: { value: 2, id: answered.id }, dogs: { value: 0 } },
  });
});

test('rules, watches and the last alerts are known', () => {
  const on = { state: 'on', since: new Date(), confidence: 0.9, evidence: [], reason: null } as const;
  const alertOf = (id: string) =>
    raisedAlertPayload(
      {
        ...{ camera: 'porch', rule: 'crowd', watch: null, state: 'on', at: new Date() },
        ...{ confidence: 0.9, evidence: [id], text: null },
      },
      null,
    );
  const rule = { rule: 'crowd', status: rulePayload(on) };
  const state = after([
    whole,
    { name: 'rule', data: { camera: 'porch', payload: rule } },
    ...Array.from({ length: 21 }, (_, index): PageEvent => ({ name: 'alert', data: alertOf(String(index)) })),
    { name: 'watches', data: [] },
  ]);
  expect(state.window!.cameras['porch']!.rules).toMatchObject({ crowd: { state: 'on' } });
  expect(state.window!.alerts.map(({ id }) => id).slice(0, 2)).toEqual(['20', '19']);
  expect(state.window!.alerts).toHaveLength(20);
});

test('a camera that the page does not know changes nothing', () => {
  const status = { state: 'online', problem: null, reason: null } as const;
  const state = after([whole, { name: 'status', data: { camera: 'yard', payload: status } }]);
  expect(state.window!.cameras).toEqual(window.cameras);
});

test('the measures of the last hour come before those that were seen', () => {
  const reading = (at: string) => ({ at, measure: 1, threshold: 0.5, changed: true });
  const seen = after([whole, { name: 'gate', data: { camera: 'porch', payload: reading('12:02') } }]);
  const state = withGateHistory(seen, 'porch', [reading('12:00'), reading('12:01')]);
  expect(state.gates['porch']!.map(({ at }) => at)).toEqual(['12:00', '12:01', '12:02']);
  const again = withGateHistory(state, 'porch', [reading('12:01'), reading('12:02')]);
  expect(again.gates['porch']!.map(({ at }) => at)).toEqual(['12:01', '12:02']);
});

test('the seconds left follow the pace of loading', () => {
  const loading = (share: number | null): PageEvent => ({
    name: 'progress',
    data: { loading: share, broker: true },
  });
  const begun = stateAfter(after([whole]), loading(0.2), 0);
  expect(secondsLeft(begun, 0)).toBeNull();
  const later = stateAfter(begun, loading(0.4), 10_000);
  expect(secondsLeft(later, 10_000)).toBe(30);
  expect(secondsLeft(stateAfter(later, loading(null), 40_000), 40_000)).toBeNull();
});
