import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CameraVision } from '../../src/domain/camera-vision.ts';
import { EngineError } from '../../src/domain/errors.ts';
import { FakeCamera, FakeEngine, FakeGate, type Recorder, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const atStart = { state: 'stale', reason: 'no look has succeeded since the start' };
const current = { state: 'current', reason: null };

function verdicts({ visions }: Recorder): Omit<CameraVision, 'since'>[] {
  return visions.map(({ state, reason }) => ({ state, reason }));
}

/** A camera that shows scene 1, and has been described once. */
async function startWatching(task: Parameters<typeof taskOf>[1] = {}, engine = new FakeEngine()) {
  const camera = new FakeCamera('a');
  camera.scene = 1;
  const gate = new FakeGate();
  const running = startPipeline([taskOf(camera, { gate, ...task })], engine);
  await pass(500);
  return { ...running, camera, gate, engine };
}

test('what was said before the start is stale until a picture has been described', async () => {
  const engine = new FakeEngine();
  const { promise, resolve } = Promise.withResolvers<void>();
  engine.restart = promise;
  const { recorder } = await startWatching({}, engine);
  await pass(10_000);
  expect(verdicts(recorder)).toEqual([atStart]);
  resolve();
  await pass(10_000);
  expect(verdicts(recorder)).toEqual([atStart, current]);
});

test('looks that show no change keep it current, and without any it is stale after two minutes', async () => {
  const { recorder, camera } = await startWatching();
  await pass(3_600_000);
  expect(verdicts(recorder)).toEqual([atStart, current]);
  camera.hangs = true;
  await pass(118_000);
  expect(recorder.visions).toHaveLength(2);
  const before = Date.now();
  await pass(3000);
  expect(verdicts(recorder).at(-1)).toEqual({
    state: 'stale',
    reason: 'no look has succeeded for 120 s',
  });
  const sinceMs = recorder.visions.at(-1)!.since.getTime() - before;
  expect(sinceMs).toBeGreaterThanOrEqual(0);
  expect(sinceMs).toBeLessThanOrEqual(3000);
});

test('slow descriptions and long intervals give it more time, and stale_after is exact', async () => {
  const slow = await startWatching({ intervalMs: 60_000 }, new FakeEngine(30_000));
  const exact = await startWatching({ staleAfterMs: 5000 });
  await pass(60_000);
  slow.camera.hangs = true;
  exact.camera.hangs = true;
  await pass(4000);
  expect(verdicts(exact.recorder).at(-1)).toEqual(current);
  await pass(3000);
  expect(verdicts(exact.recorder).at(-1)).toEqual({
    state: 'stale',
    reason: 'no look has succeeded for 5 s',
  });
  // The look at 60 s was the last; three intervals and 30 s later it is stale.
  await pass(200_000);
  expect(verdicts(slow.recorder).at(-1)).toEqual(current);
  await pass(10_000);
  expect(verdicts(slow.recorder).at(-1)).toMatchObject({ state: 'stale' });
});

test('a camera that is looked at rarely because of min_interval is not stale in between', async () => {
  const { recorder } = await startWatching({ minIntervalMs: 600_000 });
  await pass(590_000);
  expect(verdicts(recorder)).toEqual([atStart, current]);
});

test('paused comes before failing, and failing before stale', async () => {
  const { pipeline, recorder, camera } = await startWatching({ staleAfterMs: 5000 });
  const settings = { intervalMs: 1000, prompt: 'default' };
  camera.fault = new Error('unplugged');
  await pass(10_000);
  expect(verdicts(recorder).at(-1)).toEqual({ state: 'failing', reason: 'unplugged' });
  pipeline.set('a', { ...settings, paused: true });
  expect(verdicts(recorder).at(-1)).toEqual({ state: 'paused', reason: 'the camera is paused' });
  pipeline.set('a', { ...settings, paused: false });
  expect(verdicts(recorder).at(-1)).toEqual({ state: 'failing', reason: 'unplugged' });
  camera.fault = null;
  await pass(60_000);
  expect(verdicts(recorder).at(-1)).toEqual(current);
});

test('outside its hours a camera is paused', async () => {
  vi.setSystemTime(new Date(2026, 10, 30, 6, 59, 50));
  const range = {
    days: [0, 1, 2, 3, 4, 5, 6],
    from: { event: 'clock', minutes: 7 * 60 },
    to: { event: 'clock', minutes: 8 * 60 },
  } as const;
  const { recorder } = await startWatching({ hours: { ranges: [range], location: null } });
  expect(verdicts(recorder).at(-1)).toEqual({
    state: 'paused',
    reason: 'the camera is outside its hours',
  });
  await pass(30_000);
  expect(verdicts(recorder).at(-1)).toEqual(current);
  await pass(3_600_000);
  expect(verdicts(recorder).at(-1)).toMatchObject({ state: 'paused' });
});

test('it is failing while a change cannot be described, and holds again if the scene is as before', async () => {
  const { recorder, camera, engine } = await startWatching();
  engine.fault = new EngineError('DEADLINE', 'too slow');
  camera.scene = 2;
  await pass(1000);
  expect(verdicts(recorder)).toEqual([atStart, current, { state: 'failing', reason: 'too slow' }]);
  camera.scene = 1;
  await pass(1000);
  expect(verdicts(recorder).at(-1)).toEqual(current);
  camera.scene = 2;
  await pass(1000);
  expect(verdicts(recorder).at(-1)).toMatchObject({ state: 'failing' });
  engine.fault = null;
  await pass(1000);
  expect(verdicts(recorder).at(-1)).toEqual(current);
});

test('a frozen picture says nothing about the scene; a dark one does', async () => {
  const { recorder, gate } = await startWatching();
  gate.problem = { kind: 'frozen', reason: 'frozen: for 300 s' };
  await pass(1000);
  expect(verdicts(recorder).at(-1)).toEqual({ state: 'failing', reason: 'frozen: for 300 s' });
  gate.problem = { kind: 'black', reason: 'black: dark' };
  await pass(1000);
  expect(verdicts(recorder).at(-1)).toEqual(current);
});

test('a picture that cannot be decoded is not failing until there are three', async () => {
  const { recorder, gate } = await startWatching();
  gate.fault = new Error('premature end of JPEG');
  await pass(2000);
  expect(verdicts(recorder).at(-1)).toEqual(current);
  await pass(1000);
  expect(verdicts(recorder).at(-1)).toMatchObject({ state: 'failing' });
});

test('a description that a request interrupts has not failed', async () => {
  class InterruptibleEngine extends FakeEngine {
    readonly isInterruptible = true;
  }
  const engine = new InterruptibleEngine(5000);
  const cameras = ['a', 'b'].map((name) => new FakeCamera(name));
  const { pipeline, recorder } = startPipeline(
    cameras.map((camera) => taskOf(camera, { intervalMs: 60_000 })),
    engine,
  );
  await pass(1000);
  const requested = pipeline.request('b');
  await pass(20_000);
  await requested;
  expect(engine.seen.length).toBeGreaterThan(2);
  expect(verdicts(recorder).some(({ state }) => state === 'failing')).toBe(false);
});

test('nothing is published after the end', async () => {
  const { pipeline, recorder } = await startWatching({ staleAfterMs: 5000 });
  await pipeline.close();
  const { length } = recorder.visions;
  await pass(600_000);
  expect(recorder.visions).toHaveLength(length);
});
