import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EngineError } from '../../src/domain/errors.ts';
import type { Question } from '../../src/domain/observation.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { RuleStates } from '../../src/pipeline/rule-states.ts';
import {
  FakeCamera,
  FakeEngine,
  FakeGate,
  FakeRuleStore,
  LogLines,
  type Recorder,
  startPipeline,
  taskOf,
} from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const questions: Question[] = [
  { name: 'open', ask: 'Is it open?', type: { kind: 'boolean' }, minConfidence: 0.6 },
  { name: 'people', ask: 'How many?', type: { kind: 'integer', min: 0, max: 9 }, model: 'thorough' },
];
const open: Rule = {
  name: 'open',
  when: { kind: 'compare', question: 'open', is: '==', value: true },
  agree: { votes: 1, of: 1 },
  holdMs: 0,
  cooldownMs: 0,
};
const twoOfThree: Rule = { ...open, agree: { votes: 2, of: 3 } };

/** A camera that shows a closed gate, looked at each second, that has been described once. */
async function startWatching(
  rules: readonly Rule[],
  { store = new FakeRuleStore(), engine = new FakeEngine(), ...task }: Options = {},
) {
  engine.answers['open'] ??= false;
  const camera = new FakeCamera('a');
  camera.scene = 1;
  const gate = new FakeGate();
  const ruleStates = new RuleStates(store, new LogLines());
  await ruleStates.load();
  const running = startPipeline([taskOf(camera, { gate, questions, rules, ...task })], engine, {
    ruleStates,
  });
  await pass(500);
  /** Something happens in front of the camera. */
  const show = (scene: number, isOpen: boolean): void => {
    camera.scene = scene;
    engine.answers['open'] = isOpen;
  };
  return { ...running, camera, gate, engine, store, ruleStates, show };
}

type Options = Partial<Parameters<typeof taskOf>[1]> & { store?: FakeRuleStore; engine?: FakeEngine };

/** Each time that it changes: what a state rests on is published too. */
const states = ({ rules }: Recorder): string[] =>
  rules.map(([, { state }]) => state).filter((state, index, all) => state !== all[index - 1]);
const turns = ({ alerts }: Recorder): string[] => alerts.map(({ state }) => state);

test('a rule is published when it starts and when it turns, and alerts when it is on and off again', async () => {
  const { recorder, show } = await startWatching([open]);
  expect(states(recorder)).toEqual(['unknown', 'off']);
  show(2, true);
  await pass(1000);
  show(1, false);
  await pass(1000);
  expect(states(recorder)).toEqual(['unknown', 'off', 'on', 'off']);
  const described = recorder.observations.map(({ frame }) => frame);
  expect(recorder.alerts).toEqual([
    {
      ...{ camera: 'a', rule: 'open', watch: null, state: 'on', at: described[1]!.capturedAt },
      ...{ confidence: null, evidence: [described[1]!.id], text: 'a thing' },
    },
    {
      ...{ camera: 'a', rule: 'open', watch: null, state: 'off', at: described[2]!.capturedAt },
      ...{ confidence: null, evidence: [described[2]!.id], text: 'a thing' },
    },
  ]);
});

test('while a vote is not decided, unchanged pictures are described; once it is, they are not', async () => {
  const { recorder, show } = await startWatching([twoOfThree]);
  await pass(5000);
  expect(recorder.observations.map(({ trigger }) => trigger)).toEqual(['interval', 'confirm']);
  expect(states(recorder)).toEqual(['unknown', 'off']);
  show(2, true);
  await pass(5000);
  expect(recorder.observations.slice(2).map(({ trigger }) => trigger)).toEqual(['change', 'confirm']);
  expect(turns(recorder)).toEqual(['on']);
});

test('an uncertain answer turns nothing, but is published as it was given', async () => {
  const { recorder, engine, show } = await startWatching([open]);
  engine.confidences = { open: 0.59 };
  show(2, true);
  await pass(3000);
  expect(states(recorder)).toEqual(['unknown', 'off']);
  const { description, judged } = recorder.observations.at(-1)!;
  expect(description.answers['open']).toBe(true);
  expect(judged['open']).toEqual({ value: null, confidence: 0.59, isCalibrated: false });
  engine.confidences = { open: 0.61 };
  show(3, true);
  await pass(1000);
  expect(recorder.rules.at(-1)![1]).toMatchObject({ state: 'on', confidence: 0.61 });
});

test('unchanged looks keep a state for hours; without looks, or if descriptions fail, it is unknown', async () => {
  const { recorder, camera, engine, show } = await startWatching([open]);
  show(2, true);
  await pass(3 * 3_600_000);
  expect(states(recorder)).toEqual(['unknown', 'off', 'on']);
  camera.fault = new Error('unplugged');
  await pass(121_000);
  expect(recorder.rules.at(-1)![1]).toMatchObject({ state: 'unknown', reason: 'stale' });
  camera.fault = null;
  await pass(60_000);
  expect(states(recorder)).toEqual(['unknown', 'off', 'on', 'unknown', 'on']);
  // The alert that it is on has not ended: there is no second one.
  expect(turns(recorder)).toEqual(['on']);
  engine.fault = new EngineError('DECODE_FAILED', 'it broke');
  show(3, true);
  await pass(125_000);
  expect(states(recorder).at(-1)).toBe('unknown');
});

test('a hold ends by itself, between two looks', async () => {
  const held: Rule = { ...open, holdMs: 2500 };
  const { recorder, show } = await startWatching([held]);
  await pass(2200);
  expect(states(recorder)).toEqual(['unknown', 'off']);
  show(2, true);
  await pass(1500);
  show(1, false);
  await pass(5000);
  expect(turns(recorder)).toEqual([]);
  show(2, true);
  await pass(4000);
  expect(turns(recorder)).toEqual(['on']);
});

test('a rule that needs answers of both models has them, as each model sees the camera', async () => {
  const both: Rule = {
    ...open,
    when: {
      kind: 'all',
      of: [open.when, { kind: 'compare', question: 'people', is: '==', value: 0 }],
    },
  };
  const quick = new FakeEngine();
  const engine = new FakeEngine();
  quick.answers['open'] = true;
  engine.answers['people'] = 0;
  const camera = new FakeCamera('a');
  camera.scene = 1;
  const task = taskOf(camera, { gate: new FakeGate(), questions, rules: [both], model: 'thorough' });
  const { recorder } = startPipeline([task], engine, { quick });
  await pass(5000);
  expect(states(recorder)).toEqual(['unknown', 'on']);
  quick.answers['open'] = false;
  await pass(2000);
  expect(states(recorder)).toEqual(['unknown', 'on', 'off']);
});

test('an answer of another model starts the votes again', async () => {
  const { recorder, engine, show } = await startWatching([twoOfThree]);
  await pass(3000);
  show(2, true);
  await pass(600);
  engine.model = { ...engine.model, name: 'another' };
  await pass(1000);
  // One vote of each model: not two of the same.
  expect(turns(recorder)).toEqual([]);
  await pass(1000);
  expect(turns(recorder)).toEqual(['on']);
});

test('a restart raises no second alert, and restores what is still fresh', async () => {
  const first = await startWatching([open]);
  first.show(2, true);
  await pass(1500);
  await first.pipeline.close();
  await first.ruleStates.close();
  expect(turns(first.recorder)).toEqual(['on']);

  const { store, engine } = first;
  const { kept } = store;
  engine.restart = Promise.withResolvers<void>().promise;
  store.kept = { ...kept, elapsedMs: 20_000 };
  const second = await startWatching([open], { store, engine });
  expect(second.recorder.rules.map(([, { state, since }]) => [state, since])).toEqual([
    ['on', first.recorder.rules.at(-1)![1].since],
  ]);
  // Nothing is described: what was known becomes stale.
  await pass(121_000);
  expect(states(second.recorder)).toEqual(['on', 'unknown']);
  await second.pipeline.close();

  for (const elapsedMs of [null, 121_000]) {
    store.kept = { ...kept, elapsedMs };
    engine.restart = Promise.resolve();
    const later = await startWatching([open], { store, engine });
    expect(states(later.recorder), String(elapsedMs)).toEqual(['unknown', 'on']);
    expect(turns(later.recorder)).toEqual([]);
    await later.pipeline.close();
  }
});

test('a state under another condition or wording is not restored', async () => {
  const first = await startWatching([open]);
  await first.pipeline.close();
  await first.ruleStates.close();
  const { store, engine } = first;
  engine.restart = Promise.withResolvers<void>().promise;
  const not: Rule = { ...open, when: { kind: 'not', of: open.when } };
  const changed = await startWatching([not], { store, engine });
  expect(states(changed.recorder)).toEqual(['unknown']);
  const reworded = await startWatching([open], {
    ...{ store, engine },
    questions: [{ ...questions[0]!, ask: 'Is the gate open?' }],
  });
  expect(states(reworded.recorder)).toEqual(['unknown']);
});

test('states are written when they turn, not with each answer', async () => {
  const { store, show, recorder } = await startWatching([open]);
  const before = store.saves;
  for (let scene = 10; scene < 30; scene++) {
    show(scene, false);
    await pass(1000);
  }
  expect(recorder.observations.length).toBeGreaterThan(20);
  expect(store.saves).toBe(before);
  show(2, true);
  await pass(1000);
  expect(store.saves).toBeGreaterThan(before);
  expect(store.kept.rules[0]!.snapshot).toMatchObject({ isAlertOpen: true, status: { state: 'on' } });
});
