import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Description } from '../../src/domain/observation.ts';
import type { CameraTask } from '../../src/pipeline/camera-task.ts';
import type { DescribeEvents, DescribeRequest } from '../../src/pipeline/ports.ts';
import { description, FakeCamera, FakeGate, type Running, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const prefillMs = 4000;
const generateMs = 1000;
const rareMs = 3_600_000;

/** An engine that prefills for 4 s and generates for 1 s, and notes what it begins and what is aborted. */
class SlowEngine {
  readonly isInterruptible: boolean;
  readonly notes: string[] = [];
  constructor(isInterruptible = true) {
    this.isInterruptible = isInterruptible;
  }
  async ready(): Promise<void> {}
  async describe(
    { picture, frame }: DescribeRequest,
    signal: AbortSignal,
    { onGenerating }: DescribeEvents = {},
  ): Promise<Description> {
    const name = `${frame!.camera}${picture.bytes[0]}`;
    this.notes.push(name);
    const generating = setTimeout(() => onGenerating?.(), prefillMs);
    try {
      await new Promise<void>((resolve, reject) => {
        setTimeout(resolve, prefillMs + generateMs);
        signal.addEventListener('abort', () => reject(new Error('the description was cancelled')), {
          once: true,
        });
      });
    } catch (error) {
      this.notes.push(`${name} aborted`);
      throw error;
    } finally {
      clearTimeout(generating);
    }
    return description;
  }
}

/** Camera `a` is captured once, then every hour; `b` only on request. */
function start(engine: SlowEngine, tasks: { a?: Partial<CameraTask>; aIntervalMs?: number } = {}): Running {
  const { a = {}, aIntervalMs = rareMs } = tasks;
  return startPipeline(
    [
      taskOf(new FakeCamera('a'), { ...a, intervalMs: aIntervalMs }),
      taskOf(new FakeCamera('b'), { paused: true }),
    ],
    engine,
  );
}

const endedOnce = ({ recorder }: Running): boolean =>
  [...recorder.endsById.values()].every((ends) => ends.length === 1);

test('a request interrupts a frame taken at an interval, which is described afterwards', async () => {
  const engine = new SlowEngine();
  const running = start(engine);
  await pass(1000);
  const requested = running.pipeline.request('b');
  await pass(5000);
  expect((await requested).observation.totalMs).toBe(5000);
  await pass(5000);
  expect(engine.notes).toEqual(['a1', 'a1 aborted', 'b1', 'a1']);
  const { observations, ends } = running.recorder;
  expect(observations.map(({ frame, trigger }) => [frame.camera, trigger])).toEqual([
    ['b', 'request'],
    ['a', 'interval'],
  ]);
  // Since its capture, the interrupted work included.
  expect(observations[1]).toMatchObject({ queueMs: 6000, totalMs: 11_000 });
  expect(ends).toEqual(['described', 'described']);
  expect(endedOnce(running)).toBe(true);
  expect(running.pipeline.health).toMatchObject({ engine: 'idle', frames: { described: 2, failed: 0 } });
  expect(running.log.lines).toContainEqual({
    fields: { id: observations[1]!.frame.id, camera: 'a' },
    message: 'interrupted by a request; waiting again',
  });
});

test('a request interrupts a frame taken on a change too', async () => {
  const engine = new SlowEngine();
  const { pipeline, recorder } = start(engine, { a: { gate: new FakeGate() }, aIntervalMs: 6000 });
  await pass(7000);
  expect(engine.notes).toEqual(['a1', 'a2']);
  void pipeline.request('b');
  await pass(10_100);
  expect(engine.notes).toEqual(['a1', 'a2', 'a2 aborted', 'b1', 'a3']);
  expect(recorder.observations.map(({ trigger }) => trigger)).toEqual(['interval', 'request', 'change']);
});

test('a request does not interrupt another one', async () => {
  const engine = new SlowEngine();
  const { pipeline } = start(engine);
  await pass(6000);
  void pipeline.request('b');
  await pass(1000);
  void pipeline.request('a');
  await pass(10_000);
  expect(engine.notes).toEqual(['a1', 'b1', 'a2']);
});

test('a frame is not interrupted once its text is being generated', async () => {
  const engine = new SlowEngine();
  const { pipeline } = start(engine);
  await pass(prefillMs + 500);
  const requested = pipeline.request('b');
  await pass(6000);
  expect((await requested).observation.queueMs).toBe(500);
  expect(engine.notes).toEqual(['a1', 'b1']);
});

test('nothing is interrupted if the engine cannot stop, as worker boards cannot', async () => {
  const engine = new SlowEngine(false);
  const { pipeline } = start(engine);
  await pass(1000);
  void pipeline.request('b');
  await pass(10_000);
  expect(engine.notes).toEqual(['a1', 'b1']);
});

test('requests interrupt a camera at most twice before it is described, even if its frames are replaced', async () => {
  const engine = new SlowEngine();
  const running = start(engine, { aIntervalMs: 6000 });
  const { pipeline } = running;
  for (let requests = 0; requests < 4; requests++) {
    // Always while a frame of `a` is being prefilled.
    await pass(1000);
    void pipeline.request('b');
    await pass(5000);
  }
  await pass(60_000);
  const aborted = engine.notes.filter((note) => note.endsWith('aborted'));
  expect(aborted).toHaveLength(2);
  expect(aborted[0]).not.toBe(aborted[1]);
  await pipeline.close();
  expect(endedOnce(running)).toBe(true);
});

test('once described, a camera can be interrupted again', async () => {
  const engine = new SlowEngine();
  const { pipeline } = start(engine, { aIntervalMs: 100_000 });
  for (let looks = 0; looks < 4; looks++) {
    await pass(1000);
    void pipeline.request('b');
    await pass(99_000);
  }
  expect(engine.notes.filter((note) => note.endsWith('aborted'))).toHaveLength(4);
});

test('an interrupted frame gives way to a newer one of its camera', async () => {
  const engine = new SlowEngine();
  const running = start(engine);
  await pass(1000);
  // The newer frame is the requested one.
  void running.pipeline.request('a');
  await pass(10_000);
  expect(engine.notes).toEqual(['a1', 'a1 aborted', 'a2']);
  expect(running.recorder.ends).toEqual(['expired', 'described']);
  expect(running.recorder.events).toContainEqual(
    expect.objectContaining({ type: 'expired', reason: 'a newer frame took its place' }),
  );
  expect(running.pipeline.health.frames).toMatchObject({ captured: 2, described: 1, dropped: 1 });
  expect(running.log.lines.filter(({ message }) => message.includes('interval'))).toEqual([]);
});

test('a frame that waits again ends once, like all others, when the pipeline is closed', async () => {
  const engine = new SlowEngine();
  const running = start(engine);
  await pass(1000);
  const requested = running.pipeline.request('b').catch(() => {});
  await pass(1000);
  await running.pipeline.close();
  await requested;
  expect(running.recorder.ends.toSorted()).toEqual(['expired', 'failed']);
  expect(endedOnce(running)).toBe(true);
});
