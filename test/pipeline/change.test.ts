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
    { previous: 'a thing', ask: expect.stringMatching(/"a thing" What has changed.*Answer in German\.$/) },
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
