import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stuckLoops } from '../../src/domain/heartbeat.ts';
import type { Pipeline } from '../../src/pipeline/pipeline.ts';
import { FakeCamera, FakeEngine, FakeGate, startPipeline, taskOf } from './fixture.ts';

// The pipeline's time is the test's: nothing here waits.
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const stuck = ({ heartbeats }: Pipeline): readonly string[] => stuckLoops(heartbeats, performance.now());

/** What was stuck at any look at it in this time. */
async function stuckWithin(pipeline: Pipeline, seconds: number, step = 1): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let second = 0; second < seconds; second += step) {
    await pass(1000 * step);
    for (const loop of stuck(pipeline)) seen.add(loop);
  }
  return seen;
}

test('an unchanged scene, or one looked at once an hour, is not stuck', async () => {
  const [often, seldom] = [new FakeCamera('often'), new FakeCamera('seldom')];
  often.scene = 1;
  const { pipeline, recorder } = startPipeline(
    [taskOf(often, { gate: new FakeGate(), intervalMs: 10_000 }), taskOf(seldom, { intervalMs: 3_600_000 })],
    new FakeEngine(),
  );
  expect(await stuckWithin(pipeline, 8000, 20)).toEqual(new Set());
  expect(recorder.observations.length).toBeLessThan(5);
  expect(seldom.captures).toBe(3);
});

test('nor is a camera that keeps failing', async () => {
  const camera = new FakeCamera('a');
  camera.fault = new Error('gone');
  const { pipeline } = startPipeline([taskOf(camera)], new FakeEngine());
  expect(await stuckWithin(pipeline, 600, 5)).toEqual(new Set());
  expect(pipeline.health.cameras['a']).toMatchObject({ state: 'offline', reason: 'gone' });
});

test('nor is an engine that takes ten minutes to start or to restart', async () => {
  const engine = new FakeEngine();
  engine.restart = new Promise((resolve) => setTimeout(resolve, 600_000));
  const { pipeline, recorder } = startPipeline([taskOf(new FakeCamera('a'))], engine, {
    maxDescriptionMs: 60_000,
  });
  expect(await stuckWithin(pipeline, 590, 10)).toEqual(new Set());
  await pass(20_000);
  expect(recorder.observations.length).toBeGreaterThan(5);
});

test('while the engine starts only the newest frame waits, and it is not reported as slow', async () => {
  const engine = new FakeEngine();
  engine.restart = new Promise((resolve) => setTimeout(resolve, 60_500));
  const { pipeline, recorder, log } = startPipeline([taskOf(new FakeCamera('a'))], engine);
  await pass(62_000);
  expect(engine.seen).toEqual([61, 62, 63]);
  expect(recorder.observations[0]?.queueMs).toBeLessThan(1000);
  expect(log.lines.map(({ message }) => message)).not.toContainEqual(expect.stringContaining('is stretched'));
  expect(pipeline.health.frames.dropped).toBe(60);
});

test('a camera that neither returns a picture nor fails is stuck after its limit; the others are not', async () => {
  const [hung, good] = [new FakeCamera('hung'), new FakeCamera('good')];
  const { pipeline } = startPipeline([taskOf(hung, { maxLookMs: 90_000 }), taskOf(good)], new FakeEngine());
  await pass(5000);
  hung.hangs = true;
  expect(await stuckWithin(pipeline, 85)).toEqual(new Set());
  expect(await stuckWithin(pipeline, 10)).toEqual(new Set(['camera hung']));
});

test('a description that never ends is stuck after its limit', async () => {
  const { pipeline } = startPipeline([taskOf(new FakeCamera('a'))], new FakeEngine(1e9), {
    maxDescriptionMs: 960_000,
  });
  expect(await stuckWithin(pipeline, 955, 5)).toEqual(new Set());
  expect(await stuckWithin(pipeline, 10)).toEqual(new Set(['description']));
});

test('a loop whose timer never fires is stuck', async () => {
  const { pipeline } = startPipeline([taskOf(new FakeCamera('a'), { intervalMs: 10_000 })], new FakeEngine());
  await pass(5000);
  const now = performance.now();
  vi.clearAllTimers();
  expect(stuckLoops(pipeline.heartbeats, now + 34_000)).toEqual([]);
  expect(stuckLoops(pipeline.heartbeats, now + 36_000)).toEqual(['camera a']);
});

test('a closed pipeline is never stuck', async () => {
  const { pipeline } = startPipeline([taskOf(new FakeCamera('a'))], new FakeEngine());
  await pass(5000);
  await pipeline.close();
  expect(stuckLoops(pipeline.heartbeats, performance.now() + 1e9)).toEqual([]);
});
