import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import { description, FakeCamera, FakeEngine, startPipeline, taskOf } from './fixture.ts';

// The pipeline's time is the test's: nothing here waits.
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test('a frame is captured, described and published under one id, with the prompt and the questions', async () => {
  const asked: DescribeRequest[] = [];
  const { recorder } = startPipeline([taskOf(new FakeCamera('a'))], {
    ready: async () => {},
    describe: async (request) => {
      asked.push(request);
      return description;
    },
  });
  await pass(2500);
  expect(recorder.observations).toHaveLength(3);
  const { frame, prompt, trigger } = recorder.observations[0]!;
  expect({ prompt, trigger, camera: frame.camera }).toEqual({
    prompt: 'default',
    trigger: 'interval',
    camera: 'a',
  });
  expect(asked[0]).toMatchObject({ prompt: 'Describe the scene.', questions: [{ name: 'gate' }] });
  expect(recorder.events.filter(({ id }) => id === frame.id).map(({ type }) => type)).toEqual([
    'captured',
    'described',
  ]);
  expect(recorder.statuses).toEqual([['a', { state: 'online', problem: null, reason: null }]]);
});

test('while the engine works only the newest frame waits; every frame ends exactly once, also at shutdown', async () => {
  const camera = new FakeCamera('a');
  const engine = new FakeEngine(3500);
  const { pipeline, recorder } = startPipeline([taskOf(camera)], engine);
  await pass(6500);
  expect(engine.seen).toEqual([1, 4]);
  await vi.waitFor(() => pipeline.close());
  expect([...recorder.endsById.values()]).toEqual([
    ['described'],
    ['expired'],
    ['expired'],
    ['failed'],
    ['expired'],
    ['expired'],
  ]);
  expect(pipeline.health.frames).toEqual({
    captured: 6,
    described: 1,
    unchanged: 0,
    failed: 1,
    dropped: 3,
    expired: 1,
  });
  expect(camera.closed).toBe(1);
});

test('a failed description is published as failed, and the next frame is described', async () => {
  const engine = new FakeEngine();
  engine.fault = new Error('the engine died');
  const { pipeline, recorder } = startPipeline([taskOf(new FakeCamera('a'))], engine);
  await pass(500);
  expect(recorder.events.at(-1)).toMatchObject({ type: 'failed', reason: 'the engine died' });
  expect(pipeline.health.engine).toBe('failing');
  engine.fault = null;
  await pass(1000);
  expect(recorder.ends).toEqual(['failed', 'described']);
  expect(pipeline.health.engine).toBe('idle');
});

test('a camera that fails is offline with the reason, is retried, and comes back without a second start', async () => {
  const camera = new FakeCamera('a');
  const { recorder } = startPipeline([taskOf(camera)], new FakeEngine());
  await pass(500);
  camera.fault = new Error('no such device');
  await pass(1000);
  camera.fault = null;
  await pass(1000);
  expect(recorder.statuses).toEqual([
    ['a', { state: 'online', problem: null, reason: null }],
    ['a', { state: 'offline', problem: null, reason: 'no such device' }],
    ['a', { state: 'online', problem: null, reason: null }],
  ]);
  expect(camera.starts).toBe(1);
});

test('a camera that goes on failing for one reason is reported once, and again for another', async () => {
  const camera = new FakeCamera('a');
  camera.fault = new Error('no such device');
  const { recorder, log } = startPipeline([taskOf(camera)], new FakeEngine());
  await pass(60_000);
  camera.fault = new Error('no permission');
  await pass(60_000);
  expect(recorder.statuses.map(([, { reason }]) => reason)).toEqual(['no such device', 'no permission']);
  expect(log.lines.filter(({ message }) => message === 'camera gives no picture')).toHaveLength(2);
});

test('a failing camera is retried after 1 s five times, 5 s five times, 10 s ten times, then every minute', async () => {
  const camera = new FakeCamera('a');
  camera.fault = new Error('gone');
  startPipeline([taskOf(camera)], new FakeEngine());
  const tries: number[] = [];
  for (let second = 0; second < 400; second++) {
    tries.push(camera.captures);
    await pass(1000);
  }
  const at = (count: number): number => tries.findIndex((captures) => captures >= count);
  const waits = Array.from({ length: 22 }, (_, index) => at(index + 3) - at(index + 2));
  expect(waits).toEqual([1, 1, 1, 1, 5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 60, 60, 60]);
  camera.fault = null;
  await pass(61_000);
  camera.fault = new Error('gone again');
  await pass(500);
  const before = camera.captures;
  await pass(3000);
  expect(camera.captures - before).toBeGreaterThanOrEqual(2);
});

test('a description that is cut short by the end of Scenecast is no warning in the log', async () => {
  const { pipeline, recorder, log } = startPipeline([taskOf(new FakeCamera('a'))], new FakeEngine(60_000));
  await pass(500);
  await pipeline.close();
  expect(recorder.events.at(-1)).toMatchObject({ type: 'failed', reason: 'Scenecast is stopping' });
  for (const end of recorder.endsById.values()) expect(end).toHaveLength(1);
  expect(log.lines.map(({ message }) => message)).not.toContain('not described');
});

test('it can be closed twice', async () => {
  const { pipeline } = startPipeline([taskOf(new FakeCamera('a'))], new FakeEngine());
  await pipeline.close();
  await pipeline.close();
});

test('health is published at the start and at its interval', async () => {
  const { recorder } = startPipeline([taskOf(new FakeCamera('a'))], new FakeEngine(400), {
    healthIntervalMs: 30_300,
  });
  expect(recorder.healths).toMatchObject([{ queueDepth: 0, cameras: { a: { state: 'starting' } } }]);
  await pass(30_500);
  expect(recorder.healths).toHaveLength(2);
  expect(recorder.healths[1]).toMatchObject({
    engine: 'busy',
    cameras: { a: { state: 'online', intervalMs: 1000, effectiveIntervalMs: 1000, gate: null } },
  });
});

test('an interval raised during a look counts from that look', async () => {
  const lookedAt: number[] = [];
  class SlowCamera extends FakeCamera {
    override async capture(signal: AbortSignal): Promise<Picture> {
      lookedAt.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, 400));
      return super.capture(signal);
    }
  }
  const task = taskOf(new SlowCamera('a'), { intervalMs: 1000 });
  const { pipeline } = startPipeline([task], new FakeEngine());
  await pass(1100);
  pipeline.set('a', { ...task.settings, intervalMs: 10_000 });
  await pass(15_000);
  expect(lookedAt.map((at) => Math.round(at - lookedAt[0]!))).toEqual([0, 1000, 11_000]);
});
