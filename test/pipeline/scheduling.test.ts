import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { description, FakeCamera, FakeEngine, FakeGate, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function camerasOf(count: number): FakeCamera[] {
  return Array.from({ length: count }, (_, index) => new FakeCamera(`c${index}`));
}

/** How often each camera was described, the least served first. */
function servings(observations: readonly { readonly frame: { readonly camera: string } }[]): number[] {
  const byCamera = Map.groupBy(observations, ({ frame }) => frame.camera);
  return [...byCamera.values()].map(({ length }) => length).sort((a, b) => a - b);
}

test('sixteen cameras share an engine that is far too slow: each gets its share, and no stale frame is described', async () => {
  const cameras = camerasOf(16);
  const starts: number[] = [];
  const engine = new FakeEngine(700);
  const { pipeline, recorder } = startPipeline(
    cameras.map((camera, index) => taskOf(camera, { intervalMs: 500 + 100 * index })),
    engine,
    { maxFrameAgeMs: 1500 },
  );
  await pass(150_000);
  const served = servings(recorder.observations);
  expect(served).toHaveLength(16);
  expect(served[0]! / served.at(-1)!).toBeGreaterThanOrEqual(0.8);
  // The engine was never left idle for long.
  expect(recorder.observations.length).toBeGreaterThan(0.95 * (150_000 / 700));
  for (const { queueMs, frame } of recorder.observations) starts.push(queueMs + frame.captureMs);
  expect(Math.max(...starts)).toBeLessThanOrEqual(1500);
  await pipeline.close();
  const ends = [...recorder.endsById.values()];
  expect(ends.every((end) => end.length === 1)).toBe(true);
  const { captured, described, unchanged, failed, dropped, expired } = pipeline.health.frames;
  expect(described + unchanged + failed + dropped + expired).toBe(captured);
});

test('cameras that change all the time do not starve the others', async () => {
  const cameras = camerasOf(16);
  const { recorder } = startPipeline(
    cameras.map((camera, index) => taskOf(camera, { gate: index < 8 ? new FakeGate() : null })),
    new FakeEngine(700),
  );
  await pass(150_000);
  const served = servings(recorder.observations);
  expect(served).toHaveLength(16);
  expect(served[0]! / served.at(-1)!).toBeGreaterThanOrEqual(0.4);
});

test.each([
  // Renewed at half the effective interval of 1.6 s, or after 2 s of 11.2 s.
  { count: 8, engineMs: 200, maxAgeMs: 800, maxLooks: 3 },
  { count: 16, engineMs: 700, maxAgeMs: 2000, maxLooks: 7 },
])(
  '$count cameras are not looked at much more often than the engine describes them, and it gets fresh frames',
  async ({ count, engineMs, maxAgeMs, maxLooks }) => {
    const intervalMs = 100;
    const cameras = camerasOf(count);
    const { recorder } = startPipeline(
      cameras.map((camera) => taskOf(camera, { intervalMs, gate: new FakeGate() })),
      new FakeEngine(engineMs),
    );
    const captures = (): number => cameras.reduce((sum, camera) => sum + camera.captures, 0);
    // By then the engine is known to be slow.
    await pass(50_000);
    const [capturedBefore, describedBefore] = [captures(), recorder.observations.length];
    await pass(60_000);
    const described = recorder.observations.slice(describedBefore);
    expect(described.length).toBeGreaterThanOrEqual(Math.floor(60_000 / engineMs) - 2);
    expect((captures() - capturedBefore) / described.length).toBeLessThan(maxLooks);
    const ages = described.map(({ totalMs }) => totalMs - engineMs);
    expect(Math.max(...ages)).toBeLessThanOrEqual(maxAgeMs + intervalMs);
  },
);

test('a short change is not overlooked while only an interval frame waits', async () => {
  const calm = new FakeCamera('calm');
  calm.scene = 7;
  const { recorder } = startPipeline(
    [
      taskOf(calm, { intervalMs: 100, maxIntervalMs: 100, gate: new FakeGate() }),
      ...camerasOf(8).map((camera) => taskOf(camera, { intervalMs: 100, gate: new FakeGate() })),
    ],
    new FakeEngine(500),
  );
  await pass(30_000);
  calm.scene = 8;
  await pass(100);
  calm.scene = 7;
  await pass(10_000);
  const changes = recorder.observations.filter(
    ({ frame, trigger }) => frame.camera === 'calm' && trigger === 'change',
  );
  expect(changes.map(({ frame }) => frame.picture.bytes[0])).toContain(8);
});

test('a frame that is too old expires and is counted; at its camera’s turn a new frame is captured', async () => {
  const [busy, rare] = [new FakeCamera('busy'), new FakeCamera('rare')];
  const engine = new FakeEngine(6000);
  const { pipeline, recorder } = startPipeline(
    [taskOf(busy, { intervalMs: 1000 }), taskOf(rare, { intervalMs: 3_150_000 })],
    engine,
    { maxFrameAgeMs: 5000 },
  );
  await pass(11_000);
  expect(recorder.events.find(({ camera, type }) => camera === 'rare' && type === 'expired')).toMatchObject({
    reason: 'it waited for the engine for more than 5000 ms',
  });
  expect(pipeline.health.frames.expired).toBe(1);
  await pass(2000);
  const { frame, queueMs } = recorder.observations.find(
    (observation) => observation.frame.camera === 'rare',
  )!;
  expect(frame.picture.bytes[0]).toBe(2);
  expect(queueMs).toBeLessThan(100);
});

test('a frame that grew too old during a restart of the engine is not described either', async () => {
  const camera = new FakeCamera('a');
  const engine = new FakeEngine(100);
  engine.restart = new Promise((resolve) => setTimeout(resolve, 20_000));
  const { recorder } = startPipeline([taskOf(camera, { intervalMs: 3_600_000 })], engine, {
    maxFrameAgeMs: 5000,
  });
  await pass(21_000);
  expect(recorder.ends).toEqual(['expired', 'described']);
  expect(engine.seen).toEqual([2]);
});

test('while a new frame is being captured, the engine describes other cameras', async () => {
  const [busy, rare] = [new FakeCamera('busy'), new FakeCamera('rare')];
  const { recorder } = startPipeline(
    [taskOf(busy), taskOf(rare, { intervalMs: 3_150_000 })],
    new FakeEngine(6000),
    {
      maxFrameAgeMs: 5000,
    },
  );
  await pass(1000);
  rare.hangs = true;
  await pass(30_000);
  expect(recorder.observations.map(({ frame }) => frame.camera)).toEqual(Array(4).fill('busy'));
});

test('a request is described before waiting frames, regardless of the gate, and returns the observation', async () => {
  const [a, b, c] = camerasOf(3) as [FakeCamera, FakeCamera, FakeCamera];
  c.scene = 7;
  const engine = new FakeEngine(1000);
  const { pipeline, recorder } = startPipeline(
    [taskOf(a), taskOf(b), taskOf(c, { gate: new FakeGate(), intervalMs: 60_000 })],
    engine,
  );
  await pass(10_500);
  const before = recorder.observations.length;
  const requested = pipeline.request('c2');
  await pass(1900);
  const { observation, answer } = await requested;
  expect(observation).toMatchObject({
    trigger: 'request',
    description: { text: description.text },
    frame: { camera: 'c2' },
  });
  expect(answer).toBeNull();
  expect(
    recorder.observations
      .slice(before)
      .map(({ frame }) => frame.camera)
      .at(1),
  ).toBe('c2');
  expect(recorder.events).toContainEqual({ type: 'described', id: observation.frame.id, camera: 'c2' });
  // Its rhythm goes on: the next look is due 60 s after the first, not after the request.
  const captures = c.captures;
  await pass(47_000);
  expect(c.captures).toBe(captures);
  await pass(1000);
  expect(c.captures).toBe(captures + 1);
});

test('a camera that is offline is tried at once for a request, and told so', async () => {
  const camera = new FakeCamera('a');
  camera.fault = new Error('unauthorised');
  const { pipeline } = startPipeline([taskOf(camera)], new FakeEngine(100));
  await pass(600_000);
  const before = camera.captures;
  expect(camera.requested).toBe(0);
  await expect(pipeline.request('a')).rejects.toThrow('unauthorised');
  expect(camera.requested).toBe(1);
  expect(camera.captures).toBe(before + 1);
});

test('a request gets no frame captured before it, and requests for one camera share a frame', async () => {
  const camera = new FakeCamera('a');
  const engine = new FakeEngine(3000);
  const { pipeline, recorder } = startPipeline([taskOf(camera, { intervalMs: 60_000 })], engine);
  await pass(1000);
  const first = pipeline.request('a');
  await pass(500);
  const second = pipeline.request('a');
  await pass(10_000);
  const { observation } = await first;
  expect((await second).observation.frame.id).toBe(observation.frame.id);
  expect(engine.seen).toEqual([1, 3]);
  expect(recorder.ends).toEqual(['expired', 'described', 'described']);
});

test('a request rejects with the reason if it is not described', async () => {
  const camera = new FakeCamera('a');
  const engine = new FakeEngine(1000);
  const { pipeline } = startPipeline([taskOf(camera)], engine);
  await pass(100);
  await expect(pipeline.request('b')).rejects.toThrow('no camera is named "b"; there are: a');

  camera.fault = new Error('no such device');
  const unseen = expect(pipeline.request('a')).rejects.toThrow('no such device');
  await pass(100);
  await unseen;

  camera.fault = null;
  await pass(5000);
  engine.fault = new Error('the engine died');
  const failed = expect(pipeline.request('a')).rejects.toThrow('the engine died');
  await pass(3000);
  await failed;

  const stopped = expect(pipeline.request('a')).rejects.toThrow('stopping');
  await pipeline.close();
  await stopped;
  await expect(pipeline.request('a')).rejects.toThrow('Scenecast is stopping');
});

test('a stretched interval is logged once, shown in health, and logged once when it is restored', async () => {
  const camera = new FakeCamera('a');
  let engineMs = 100;
  const { pipeline, log } = startPipeline([taskOf(camera)], {
    ready: async () => {},
    describe: async () => {
      await new Promise((resolve) => setTimeout(resolve, engineMs));
      return description;
    },
  });
  const told = (): unknown[] => log.lines.filter(({ message }) => message.includes('interval'));
  await pass(10_500);
  expect(told()).toEqual([]);
  expect(pipeline.health.cameras['a']?.effectiveIntervalMs).toBe(1000);

  engineMs = 5500;
  await pass(120_000);
  expect(told()).toHaveLength(1);
  expect(told()[0]).toMatchObject({ fields: { camera: 'a', intervalMs: 1000 } });
  expect(pipeline.health.cameras['a']?.effectiveIntervalMs).toBeGreaterThan(4500);
  expect(pipeline.health.cameras['a']?.effectiveIntervalMs).toBeLessThan(6500);

  engineMs = 100;
  await pass(20_000);
  expect(told()).toHaveLength(2);
  expect(pipeline.health.cameras['a']?.effectiveIntervalMs).toBe(1000);
  await vi.waitFor(() => pipeline.close());
});

test('the effective interval returns to normal once the scene stops changing', async () => {
  const camera = new FakeCamera('a');
  const task = taskOf(camera, { gate: new FakeGate() });
  const { pipeline } = startPipeline([task], new FakeEngine(3500));
  await pass(20_000);
  expect(pipeline.health.cameras['a']?.effectiveIntervalMs).toBeGreaterThan(3000);
  camera.scene = 250;
  await pass(15_000);
  expect(pipeline.health.cameras['a']?.effectiveIntervalMs).toBe(1000);
});

test('during a restart of the engine newer frames replace older ones, and requests go first', async () => {
  const engine = new FakeEngine(10);
  const [a, b] = [new FakeCamera('a'), new FakeCamera('b')];
  const { pipeline, recorder } = startPipeline([taskOf(a), taskOf(b, { intervalMs: 3_600_000 })], engine);
  await pass(100);
  const back = Promise.withResolvers<void>();
  engine.restart = back.promise;
  await pass(5000);
  const request = pipeline.request('b');
  await pass(100);
  const before = recorder.observations.length;
  back.resolve();
  await pass(100);
  await request;
  const described = recorder.observations
    .slice(before)
    .map(({ frame }) => [frame.camera, frame.picture.bytes[0]]);
  expect(described).toEqual([
    ['b', b.captures],
    ['a', a.captures],
  ]);
});
