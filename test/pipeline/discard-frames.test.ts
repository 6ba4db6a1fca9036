import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeCamera, FakeEngine, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const rareMs = 3_600_000;
const reason = 'what is private was changed after its capture';

test('discarded frames are neither described on nor described at all, and the camera is looked at again', async () => {
  const engine = new FakeEngine(5000);
  const [porch, yard] = [new FakeCamera('porch'), new FakeCamera('yard')];
  const { pipeline, recorder } = startPipeline(
    [taskOf(porch, { intervalMs: 1000 }), taskOf(yard, { intervalMs: rareMs })],
    engine,
  );
  // One frame of the porch is being described, and a newer one waits.
  await pass(2500);
  const before = porch.captures;
  expect(engine.seen).toHaveLength(1);
  pipeline.discardFrames('porch');
  await pass(100);
  expect(porch.captures).toBe(before + 1);
  const discarded = recorder.events.filter((event) => 'reason' in event && event.reason === reason);
  expect(discarded.map(({ type }) => type)).toEqual(['expired']);
  await pass(20_000);
  const shown = recorder.observations
    .filter(({ frame }) => frame.camera === 'porch')
    .map(({ frame }) => frame.picture.bytes[0]!);
  expect(Math.min(...shown)).toBeGreaterThan(before);
  expect(recorder.observations.some(({ frame }) => frame.camera === 'yard')).toBe(true);
  expect(recorder.visions.every(({ state }) => state !== 'failing')).toBe(true);
  await pipeline.close();
  for (const [id, ends] of recorder.endsById) expect(ends, id).toHaveLength(1);
});

test('a request whose frame is discarded fails if it is being described, else it gets a fresh frame', async () => {
  const engine = new FakeEngine(5000);
  const [porch, yard] = [new FakeCamera('porch'), new FakeCamera('yard')];
  const { pipeline } = startPipeline(
    [taskOf(porch, { paused: true }), taskOf(yard, { paused: true })],
    engine,
  );
  const failed = pipeline.request('porch').catch((error: Error) => error.message);
  await pass(100);
  pipeline.discardFrames('porch');
  expect(await failed).toBe(reason);
  void pipeline.request('yard').catch(() => {});
  await pass(100);
  const waiting = pipeline.request('porch');
  await pass(100);
  pipeline.discardFrames('porch');
  const captures = porch.captures;
  await pass(15_000);
  expect((await waiting).observation.frame.picture.bytes[0]).toBe(captures + 1);
  expect(engine.seen.filter((byte) => byte === captures)).toHaveLength(0);
});
