import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CommandError } from '../../src/domain/errors.ts';
import type { Question } from '../../src/domain/observation.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { Watch } from '../../src/domain/watch.ts';
import type { WatchStore } from '../../src/pipeline/ports.ts';
import { maxWatches, Watches } from '../../src/pipeline/watches.ts';
import { FakeCamera, FakeEngine, FakeGate, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const hourMs = 3_600_000;
const questions: Question[] = [
  { name: 'parcel', ask: 'Is there a parcel?', type: { kind: 'boolean' }, minConfidence: 0.6 },
];

class FakeWatchStore implements WatchStore {
  kept: readonly Watch[] = [];
  fault: Error | null = null;
  async load(): Promise<readonly Watch[]> {
    return this.kept;
  }
  async save(watches: readonly Watch[]): Promise<void> {
    if (this.fault) throw this.fault;
    this.kept = watches;
  }
}

/** `gone` and `long gone` are the only conditions. */
function conditionOf({ id, when }: Watch): Rule {
  if (when !== 'gone' && when !== 'long gone') throw new CommandError('invalid', 'when: must be gone');
  return {
    ...{ name: id, agree: { votes: 1, of: 1 }, holdMs: when === 'gone' ? 0 : 600_000, cooldownMs: 0 },
    when: { kind: 'compare', question: 'parcel', is: '==', value: false },
  };
}

/** A camera that shows a parcel, none, or one may think so (null), looked at every ten seconds. */
async function startWatching(store = new FakeWatchStore(), isThere: boolean | null = true) {
  const camera = new FakeCamera('porch');
  camera.scene = 1;
  const engine = new FakeEngine();
  engine.answers['parcel'] = isThere ?? false;
  if (isThere === null) engine.confidences['parcel'] = 0.5;
  const task = taskOf(camera, { gate: new FakeGate(), questions, intervalMs: 10_000 });
  const running = startPipeline([task], engine);
  const { pipeline, recorder: publisher, log } = running;
  const watches = new Watches({ ...{ pipeline, store, publisher, log, conditionOf }, cameras: ['porch'] });
  await watches.start();
  const take = (scene: number, isParcel: boolean): void => {
    camera.scene = scene;
    engine.answers['parcel'] = isParcel;
    engine.confidences = {};
  };
  return { ...running, camera, engine, store, watches, take };
}

const request = (more: Partial<Watch> = {}) => ({
  ...{ camera: null, when: 'gone', everyMs: null, note: null, until: new Date(Date.now() + hourMs) },
  ...more,
});

test('a watch raises one alert when it comes true, with its id and note, and ends', async () => {
  const { watches, recorder, store, take } = await startWatching();
  await pass(500);
  const { watch } = await watches.watch(request({ note: 'The parcel' }));
  expect(recorder.watching).toEqual([[], [watch.id]]);
  expect(store.kept).toEqual([watch]);
  await pass(60_000);
  expect(recorder.alerts).toEqual([]);
  take(2, false);
  await pass(10_000);
  const { frame } = recorder.observations.at(-1)!;
  expect(recorder.alerts).toMatchObject([
    {
      ...{ camera: 'porch', rule: null, watch: { id: watch.id, note: 'The parcel' }, state: 'on' },
      ...{ at: frame.capturedAt, evidence: [frame.id] },
    },
  ]);
  take(1, true);
  await pass(20_000);
  take(2, false);
  await pass(20_000);
  expect(recorder.alerts).toHaveLength(1);
  expect(recorder.watching.at(-1)).toEqual([]);
  expect(store.kept).toEqual([]);
});

test('what the newest answers say already comes true at once', async () => {
  const { watches, recorder } = await startWatching(undefined, false);
  await pass(15_000);
  const { watch } = await watches.watch(request());
  await pass(1);
  expect(recorder.alerts).toMatchObject([
    { watch: { id: watch.id }, evidence: [recorder.observations[0]!.frame.id] },
  ]);
});

test('answers that have become stale say nothing: the next look is described, whatever the gate says', async () => {
  const { watches, recorder, camera } = await startWatching(undefined, false);
  await pass(500);
  camera.fault = new Error('unplugged');
  await pass(180_000);
  await watches.watch(request());
  await pass(1);
  expect(recorder.alerts).toEqual([]);
  camera.fault = null;
  await pass(60_000);
  expect(recorder.alerts).toHaveLength(1);
  expect(recorder.observations.map(({ trigger }) => trigger)).toEqual(['interval', 'confirm']);
});

test.each([
  ['an uncertain answer', 'gone', null],
  ['a condition that waits for its hold', 'long gone', false],
])('%s is asked for once: then the gate decides again', async (_name, when, isThere) => {
  const { watches, recorder, take } = await startWatching(undefined, isThere);
  await watches.watch(request({ when }));
  await pass(300_000);
  expect(recorder.observations).toHaveLength(1);
  take(2, false);
  await pass(60_000);
  expect(recorder.observations).toHaveLength(2);
  expect(recorder.alerts).toHaveLength(when === 'gone' ? 1 : 0);
  await pass(600_000);
  expect(recorder.alerts).toHaveLength(1);
});

test('its camera is looked at as it asks, until it ends', async () => {
  const { watches, camera, pipeline } = await startWatching();
  await pass(500);
  const looks = async (): Promise<number> => {
    const before = camera.captures;
    await pass(60_000);
    return camera.captures - before;
  };
  expect(await looks()).toBe(6);
  const { watch, everyMs, answerMs } = await watches.watch(request({ everyMs: 2000 }));
  expect([everyMs, answerMs! < 100]).toEqual([2000, true]);
  const slower = await watches.watch(request({ everyMs: 20_000 }));
  expect(slower.everyMs).toBe(2000);
  expect(await looks()).toBe(30);
  pipeline.set('porch', { paused: false, intervalMs: 5000, prompt: 'default' });
  expect(await looks()).toBe(30);
  await watches.unwatch(watch.id);
  expect(await looks()).toBe(12);
});

test('a slow engine says what it can do', async () => {
  const slow = new FakeEngine(8000);
  slow.answers['parcel'] = true;
  const {
    pipeline,
    recorder: publisher,
    log,
  } = startPipeline([taskOf(new FakeCamera('porch'), { questions })], slow);
  const store = new FakeWatchStore();
  const watches = new Watches({ ...{ pipeline, store, publisher, log, conditionOf }, cameras: ['porch'] });
  await pass(60_000);
  const { everyMs, answerMs } = await watches.watch(request({ everyMs: 500 }));
  expect(answerMs).toBeGreaterThanOrEqual(8000);
  expect(everyMs).toBe(answerMs);
});

test('a watch ends in time, without an alert', async () => {
  const { watches, recorder, take } = await startWatching();
  await pass(500);
  await watches.watch(request({ until: new Date(Date.now() + 60_000) }));
  await pass(59_000);
  expect(recorder.watching.at(-1)).toHaveLength(1);
  await pass(1500);
  expect(recorder.watching.at(-1)).toEqual([]);
  take(2, false);
  await pass(30_000);
  expect(recorder.alerts).toEqual([]);
});

test('watches go on after a restart; those that do not fit the config any more are dropped', async () => {
  const first = await startWatching();
  await pass(500);
  const { watch } = await first.watches.watch(request());
  await first.watches.close();
  await first.pipeline.close();
  const over = { ...watch, id: 'over', until: new Date(Date.now() - 1) };
  first.store.kept = [
    ...[watch, over, { ...watch, id: 'faulty', when: 'come' }],
    { ...watch, id: 'elsewhere', camera: 'shed' },
  ];
  const second = await startWatching(first.store);
  expect(second.recorder.watching.at(-1)).toEqual([watch.id]);
  expect(second.log.lines.filter(({ message }) => message.startsWith('watch dropped'))).toHaveLength(2);
  await pass(500);
  second.take(2, false);
  await pass(10_000);
  expect(second.recorder.alerts).toMatchObject([{ watch: { id: watch.id } }]);
});

test('a crash before its alert cannot be lost raises it again', async () => {
  const { watches, recorder, store, take } = await startWatching();
  await pass(500);
  const { watch } = await watches.watch(request());
  const stored = Promise.withResolvers<void>();
  vi.spyOn(recorder, 'alert').mockReturnValue(stored.promise);
  take(2, false);
  await pass(10_000);
  expect(store.kept).toEqual([watch]);
  stored.resolve();
  await pass(1);
  expect(store.kept).toEqual([]);
});

test('what cannot be is refused', async () => {
  const { watches, store, recorder } = await startWatching();
  const code = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'ok',
      (error) => error.code,
    );
  expect(await code(watches.watch(request({ until: new Date(Date.now() - 1) })))).toBe('invalid');
  expect(await code(watches.watch(request({ until: new Date(Date.now() + 8 * 24 * hourMs) })))).toBe(
    'invalid',
  );
  expect(await code(watches.watch(request({ when: 'come' })))).toBe('invalid');
  expect(await code(watches.watch({ ...request(), camera: 'shed' }))).toBe('unknown');
  expect(await code(watches.unwatch('x'))).toBe('unknown');
  expect(recorder.watching).toEqual([[]]);
  for (let count = 0; count < maxWatches; count++) await watches.watch(request());
  expect(await code(watches.watch(request()))).toBe('failed');
  await watches.unwatch(store.kept[0]!.id);
  store.fault = new Error('disk full');
  await expect(watches.watch(request())).rejects.toThrow('it runs, but it will not survive a restart');
});
