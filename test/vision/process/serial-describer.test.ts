import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DescribeRequest } from '../../../src/pipeline/ports.ts';
import { SerialDescriber } from '../../../src/vision/process/serial-describer.ts';
import { TurnQueue } from '../../../src/vision/process/turn-queue.ts';
import { FakeEngine } from '../../pipeline/fixture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;
const requestOf = (picture: number): DescribeRequest => ({
  picture: { bytes: Uint8Array.of(picture), size: { width: 1, height: 1 } },
  prompt: 'What?',
  questions: [],
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test('the engine gets one picture at a time, in order, even after a failure', async () => {
  const engine = new FakeEngine(100);
  const describer = new SerialDescriber(engine, 10_000);
  const all = [1, 2, 3].map((picture) => describer.describe(requestOf(picture), never));
  engine.fault = new Error('the engine died');
  const failed = expect(all[0]).rejects.toThrow('the engine died');
  await pass(50);
  expect(engine.seen).toEqual([1]);
  await pass(60);
  await failed;
  engine.fault = null;
  await pass(200);
  await Promise.all(all.slice(1));
  expect(engine.seen).toEqual([1, 2, 3]);
});

test('a request that waits too long or is cancelled is rejected and never reaches the engine', async () => {
  const engine = new FakeEngine(15_000);
  const describer = new SerialDescriber(engine, 10_000);
  const first = describer.describe(requestOf(1), never);
  const late = expect(describer.describe(requestOf(2), never)).rejects.toMatchObject({ code: 'BUSY' });
  const stop = new AbortController();
  const cancelled = expect(describer.describe(requestOf(3), stop.signal)).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  await pass(100);
  stop.abort();
  await cancelled;
  await pass(10_000);
  await late;
  await pass(5000);
  await first;
  const last = describer.describe(requestOf(4), never);
  await pass(15_000);
  await last;
  expect(engine.seen).toEqual([1, 4]);
});

test('a request does not wait for ever for an engine that does not restart', async () => {
  const engine = new FakeEngine();
  engine.restart = new Promise(() => {});
  const rejected = expect(new SerialDescriber(engine, 10_000).describe(requestOf(1), never)).rejects.toThrow(
    'the engine was not free within 10000 ms',
  );
  await pass(10_000);
  await rejected;
});

test('it can be interrupted if the engine can, and passes on how far the engine is', async () => {
  const engine = Object.assign(new FakeEngine(100), { isInterruptible: true });
  const describe = vi.spyOn(engine, 'describe');
  const events = { onReading() {}, onGenerating() {} };
  const describer = new SerialDescriber(engine, 10_000);
  const described = describer.describe(requestOf(1), never, events);
  await pass(100);
  await described;
  expect(describer.isInterruptible).toBe(true);
  expect(describe).toHaveBeenCalledWith(expect.anything(), never, events);
  expect(new SerialDescriber(new FakeEngine(), 10_000).isInterruptible).toBe(false);
});

test('engines that share the turns compute one at a time, and one that goes down does not keep its turn', async () => {
  const turns = new TurnQueue();
  const [one, other] = [new FakeEngine(100), new FakeEngine(100)];
  const [describer, second] = [one, other].map((engine) => new SerialDescriber(engine, 10_000, turns));
  const all = [describer!.describe(requestOf(1), never), second!.describe(requestOf(2), never)];
  const third = describer!.describe(requestOf(3), never);
  await pass(50);
  expect([one.seen, other.seen]).toEqual([[1], []]);
  // While the other one waits for its turn.
  const back = Promise.withResolvers<void>();
  other.restart = back.promise;
  await vi.waitFor(() => expect(one.seen).toEqual([1, 3]));
  expect(other.seen).toEqual([]);
  back.resolve();
  await vi.waitFor(() => expect(other.seen).toEqual([2]));
  await pass(200);
  await Promise.all([...all, third]);
  expect(other.seen).toEqual([2]);
});
