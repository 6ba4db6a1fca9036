import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ExpiredError } from '../../src/domain/errors.ts';
import type { Description } from '../../src/domain/observation.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import { FakeCamera, FakeEngine, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** An engine that serves several at once, and notes how many, of all and of each camera. */
class WideEngine extends FakeEngine {
  readonly concurrency: number;
  readonly #underWay: string[] = [];
  most = 0;
  mostOfOne = 0;
  constructor(concurrency: number, ms: number) {
    super(ms);
    this.concurrency = concurrency;
  }
  override async describe(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    const camera = request.frame!.camera;
    this.#underWay.push(camera);
    this.most = Math.max(this.most, this.#underWay.length);
    this.mostOfOne = Math.max(this.mostOfOne, this.#underWay.filter((other) => other === camera).length);
    try {
      return await super.describe(request, signal);
    } finally {
      this.#underWay.splice(this.#underWay.indexOf(camera), 1);
    }
  }
}

const camerasOf = (count: number): FakeCamera[] =>
  Array.from({ length: count }, (_, index) => new FakeCamera(`c${index}`));

test('the engine gets as many frames at once as it serves, at most one per camera', async () => {
  const engine = new WideEngine(4, 3500);
  const { pipeline, recorder } = startPipeline(
    camerasOf(6).map((camera) => taskOf(camera)),
    engine,
  );
  await pass(35_000);
  expect([engine.most, engine.mostOfOne]).toEqual([4, 1]);
  // Ten times 3.5 s, four at a time.
  expect(recorder.observations.length).toBeGreaterThanOrEqual(36);
  expect(pipeline.health.engine).toBe('busy');
  await pipeline.close();
  expect([...recorder.endsById.values()].every((ends) => ends.length === 1)).toBe(true);
});

test('a single camera has one frame at the engine, and its newest frame waits', async () => {
  const engine = new WideEngine(4, 2400);
  startPipeline([taskOf(new FakeCamera('a'))], engine);
  await pass(6000);
  expect([engine.most, engine.seen]).toEqual([1, [1, 3, 5]]);
});

test('sixteen cameras on an engine that serves four at once: each gets its share', async () => {
  const engine = new WideEngine(4, 2800);
  const { recorder } = startPipeline(
    camerasOf(16).map((camera, index) => taskOf(camera, { intervalMs: 500 + 100 * index })),
    engine,
  );
  await pass(150_000);
  const byCamera = Map.groupBy(recorder.observations, ({ frame }) => frame.camera);
  const served = [...byCamera.values()].map(({ length }) => length).sort((a, b) => a - b);
  expect(served).toHaveLength(16);
  expect(served[0]! / served.at(-1)!).toBeGreaterThanOrEqual(0.8);
  expect(recorder.observations.length).toBeGreaterThan(0.95 * (150_000 / 700) - 4);
});

test('a frame that is not described in time counts as expired, not as failed', async () => {
  const engine = new FakeEngine();
  engine.fault = new ExpiredError('no board of the pool described it within 30 s');
  const { pipeline, recorder } = startPipeline([taskOf(new FakeCamera('a'))], engine);
  await pass(500);
  expect(recorder.events.at(-1)).toMatchObject({ type: 'expired', reason: engine.fault.message });
  expect(pipeline.health).toMatchObject({ engine: 'failing', frames: { expired: 1, failed: 0 } });
});
