import { expect, test } from 'vitest';
import { observedPayload } from '../../src/contract/payloads.ts';
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
    },
  },
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

test('an observation replaces description and answers, answers alone only answers', () => {
  const described = observedPayload(observation({ answers: { people: 1 } }), new Date());
  const answered = observedPayload(observation({ text: null, answers: { people: 2 } }), new Date());
  const state = after([
    whole,
    { name: 'observation', data: { camera: 'porch', payload: described } },
    { name: 'observation', data: { camera: 'porch', payload: answered } },
  ]);
  expect(state.window!.cameras['porch']).toMatchObject({
    observation: { id: described.id },
    answers: { people: { value: 2, id: answered.id } },
  });
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
