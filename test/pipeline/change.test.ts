import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeCamera, FakeEngine, FakeGate, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function seeing(scene: number, name = 'a'): FakeCamera {
  const camera = new FakeCamera(name);
  camera.scene = scene;
  return camera;
}

test('what is different is asked after a change only, with the last description in the question', async () => {
  const camera = seeing(1);
  const engine = new FakeEngine();
  const task = taskOf(camera, { gate: new FakeGate(), asksChange: true, maxIntervalMs: 3000 });
  const { pipeline, recorder } = startPipeline([task], engine, { language: 'de' });
  await pass(1500);
  camera.scene = 2;
  await pass(1000);
  // Unchanged, but it is time again; then one on request.
  await pass(3000);
  await Promise.all([pipeline.request('a'), pass(100)]);
  expect(recorder.observations.map(({ trigger }) => trigger)).toEqual([
    'interval',
    'change',
    'interval',
    'request',
  ]);
  expect(engine.requests.map(({ change }) => change)).toEqual([
    undefined,
    {
      previous: 'a thing',
      ask: expect.stringMatching(/"a thing" What has changed.*Answer in German\.$/),
      earlier: {
        picture: recorder.observations[0]!.frame.picture,
        ask: expect.stringMatching(/second picture is an earlier one .*"a thing".*Answer in German\.$/),
      },
    },
    undefined,
    undefined,
  ]);
});

test('each camera and prompt has its own last description; without the setting nothing is asked', async () => {
  const cameras = [seeing(1, 'a'), seeing(1, 'b'), seeing(1, 'c')];
  const engine = new FakeEngine();
  const tasks = cameras.map((camera, index) =>
    taskOf(camera, { gate: new FakeGate(), ...(index < 2 && { asksChange: true }) }),
  );
  const { pipeline } = startPipeline(tasks, engine);
  await pass(1500);
  pipeline.set('b', { paused: false, intervalMs: 1000, prompt: 'brief' });
  for (const camera of cameras) camera.scene = 2;
  await pass(1000);
  const asked = engine.requests.slice(3).map(({ frame, change }) => [frame?.camera, change?.previous]);
  expect(asked.toSorted()).toEqual([
    ['a', 'a thing'],
    ['b', undefined],
    ['c', undefined],
  ]);
});

/** The byte of the earlier picture of each request that asks what has changed; null: the request has none. */
function earlierIn({ requests }: FakeEngine): (number | null)[] {
  return requests.flatMap(({ change }) => (change ? [change.earlier?.picture.bytes[0] ?? null] : []));
}

test('the earlier picture is the one that was described last, with the same prompt', async () => {
  const camera = seeing(1);
  const engine = new FakeEngine();
  const { pipeline } = startPipeline([taskOf(camera, { gate: new FakeGate(), asksChange: true })], engine);
  await pass(1500);
  for (const scene of [2, 3]) {
    camera.scene = scene;
    await pass(1000);
  }
  expect(earlierIn(engine)).toEqual([1, 2]);
  // With another prompt in between, its picture is of the other description.
  await Promise.all([pipeline.request('a', { prompt: 'brief' }), pass(100)]);
  for (const scene of [4, 5]) {
    camera.scene = scene;
    await pass(1000);
  }
  expect(earlierIn(engine)).toEqual([1, 2, null, 4]);
});

test('after a change of what is private, nothing that was seen before is shown or told to the model', async () => {
  const camera = seeing(1);
  const gate = new FakeGate();
  const engine = new FakeEngine();
  const { pipeline } = startPipeline([taskOf(camera, { gate, asksChange: true })], engine);
  await pass(1500);
  pipeline.discardFrames('a');
  camera.scene = 2;
  await pass(1000);
  expect(engine.requests.at(-1)!.picture.bytes[0]).toBe(2);
  expect(engine.requests.every(({ change }) => change === undefined)).toBe(true);
  camera.scene = 3;
  await pass(1000);
  expect(earlierIn(engine)).toEqual([2]);
});
