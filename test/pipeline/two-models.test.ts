import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CameraTask } from '../../src/pipeline/camera-task.ts';
import { FakeCamera, FakeEngine, FakeGate, type Running, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const questions = [
  { name: 'open', ask: 'Is the gate open?' },
  { name: 'odd', ask: 'What is odd?', model: 'thorough' },
] as const;

interface TwoModels extends Running {
  readonly quick: FakeEngine;
  readonly thorough: FakeEngine;
  readonly cameras: readonly FakeCamera[];
}

/** Cameras whose scenes stay the same; an engine that takes 100 ms, and one that takes 3 s. */
function start(names: readonly string[], task: Partial<CameraTask> = {}): TwoModels {
  const [quick, thorough] = [new FakeEngine(100), new FakeEngine(3000)];
  const cameras = names.map((name, index) => {
    const camera = new FakeCamera(name);
    camera.scene = 10 * (index + 1);
    return camera;
  });
  const tasks = cameras.map((camera) =>
    taskOf(camera, { gate: new FakeGate(), model: 'thorough', questions, intervalMs: 10_000, ...task }),
  );
  return { ...startPipeline(tasks, thorough, { quick }), quick, thorough, cameras };
}

const asked = (engine: FakeEngine): (readonly [string | null, readonly string[]])[] =>
  engine.requests.map(({ prompt, questions }) => [prompt, questions.map(({ name }) => name)]);

test('the quick model answers at every look, the thorough one describes changes', async () => {
  const { quick, thorough, cameras, recorder } = start(['a']);
  await pass(35_000);
  expect(asked(quick)).toEqual(Array(4).fill([null, ['open']]));
  expect(asked(thorough)).toEqual([['Describe the scene.', ['odd']]]);
  cameras[0]!.scene = 11;
  await pass(10_000);
  expect(thorough.seen).toEqual([10, 11]);
  expect(quick.seen).toEqual([10, 10, 10, 10, 11]);
  expect(recorder.observations.map(({ trigger, prompt }) => `${trigger} ${prompt}`)).toEqual([
    'interval null',
    'interval default',
    'interval null',
    'interval null',
    'interval null',
    'change null',
    'change default',
  ]);
});

test('each observation has an id of its own and ends once, the quick one first', async () => {
  const { recorder } = start(['a']);
  await pass(5000);
  const [first, second] = recorder.observations;
  expect(first!.description.answers).toEqual({ open: 'an answer to Is the gate open?' });
  expect(second!.description.answers).toEqual({ odd: 'an answer to What is odd?' });
  expect(first!.frame.id).not.toBe(second!.frame.id);
  expect(first!.frame.capturedAt).toEqual(second!.frame.capturedAt);
  expect([...recorder.endsById.values()]).toEqual([['described'], ['described']]);
});

test('one engine computes at a time, and the quick model’s frames go first', async () => {
  const { quick, thorough, recorder } = start(['a', 'b', 'c']);
  let busy = 0;
  let most = 0;
  for (const engine of [quick, thorough]) {
    const describe = engine.describe.bind(engine);
    engine.describe = async (...args) => {
      most = Math.max(most, ++busy);
      return describe(...args).finally(() => busy--);
    };
  }
  await pass(30_000);
  expect(most).toBe(1);
  const order = recorder.observations.slice(0, 6).map(({ prompt }) => prompt);
  expect(order).toEqual([null, null, null, 'default', 'default', 'default']);
});

test('a camera that the quick model describes is looked at by its gate alone', async () => {
  const { quick, thorough, cameras } = start(['a'], { model: 'quick' });
  await pass(25_000);
  expect(asked(quick)).toEqual([['Describe the scene.', ['open']]]);
  expect(asked(thorough)).toEqual([[null, ['odd']]]);
  cameras[0]!.scene = 11;
  await pass(10_000);
  expect([quick.seen, thorough.seen]).toEqual([
    [10, 11],
    [10, 11],
  ]);
});

test.each(['quick', 'thorough'] as const)('while the %s model is down, the other goes on', async (name) => {
  const running = start(['a']);
  const down = running[name];
  const up = running[name === 'quick' ? 'thorough' : 'quick'];
  await pass(5000);
  const back = Promise.withResolvers<void>();
  down.restart = back.promise;
  const before = { down: down.seen.length, up: up.seen.length };
  for (let scene = 11; scene < 15; scene++) {
    running.cameras[0]!.scene = scene;
    await pass(10_000);
  }
  expect(down.seen).toHaveLength(before.down);
  expect(up.seen).toHaveLength(before.up + 4);
  back.resolve();
  await pass(10_000);
  // The newest of the frames that waited.
  expect(down.seen[before.down]).toBe(14);
});

test('a model that fails is failing in health, and the other is not', async () => {
  const { pipeline, quick, recorder } = start(['a']);
  quick.fault = new Error('broken');
  await pass(5000);
  expect(pipeline.health).toMatchObject({
    engine: 'failing',
    models: {
      quick: { engine: 'failing' },
      thorough: { engine: 'idle', timing: { p50Ms: expect.any(Number) } },
    },
  });
  expect(recorder.ends).toEqual(['failed', 'described']);
});

test('a requested description has the answers of both', async () => {
  const { pipeline, recorder } = start(['a']);
  await pass(25_000);
  const result = pipeline.request('a');
  await pass(5000);
  const { observation } = await result;
  expect(observation.description).toMatchObject({
    text: 'a thing',
    answers: { open: 'an answer to Is the gate open?', odd: 'an answer to What is odd?' },
  });
  // What is published is what each has said.
  expect(recorder.observations.at(-1)!.description.answers).toEqual({ odd: 'an answer to What is odd?' });
});

test('if the quick model describes, the response does not wait for the answers of the thorough one', async () => {
  const { pipeline, recorder } = start(['a'], { model: 'quick' });
  await pass(25_000);
  const result = pipeline.request('a');
  await pass(1000);
  expect((await result).observation.description).toMatchObject({
    text: 'a thing',
    answers: { open: 'an answer to Is the gate open?' },
  });
  await pass(5000);
  expect(recorder.observations.at(-1)).toMatchObject({
    trigger: 'request',
    description: { answers: { odd: 'an answer to What is odd?' } },
  });
});

test('a requested description does not wait for a quick model that is down', async () => {
  const { pipeline, quick } = start(['a']);
  await pass(25_000);
  quick.restart = new Promise(() => {});
  const result = pipeline.request('a');
  await pass(5000);
  expect((await result).observation.description.answers).toEqual({ odd: 'an answer to What is odd?' });
});

test.each(['quick', 'thorough'] as const)('an ad-hoc question can name the %s model', async (model) => {
  const running = start(['a']);
  await pass(25_000);
  const result = running.pipeline.request('a', { ask: { ask: 'A bicycle?', model } });
  await pass(4000);
  expect((await result).answer).toBe('an answer to A bicycle?');
  expect(running[model].requests.at(-1)!.questions.at(-1)).toMatchObject({ ask: 'A bicycle?' });
});

test('an ad-hoc question goes to the quick model by default', async () => {
  const { pipeline, quick, recorder } = start(['a'], { questions: [] });
  await pass(25_000);
  // Without questions it has nothing to do at a look.
  expect(quick.seen).toEqual([]);
  const result = pipeline.request('a', { ask: { ask: 'A bicycle?' } });
  await pass(1000);
  expect((await result).answer).toBe('an answer to A bicycle?');
  expect(recorder.observations.at(-1)).toMatchObject({ prompt: null, trigger: 'request' });
});

test('with one model an ad-hoc question cannot name another', async () => {
  const { pipeline } = startPipeline([taskOf(new FakeCamera('a'))], new FakeEngine());
  await expect(pipeline.request('a', { ask: { ask: 'Why?', model: 'quick' } })).rejects.toThrow(
    'model: this board has only one; leave it out',
  );
});

test('min_interval delays descriptions only', async () => {
  const { quick, thorough, cameras } = start(['a'], { minIntervalMs: 60_000 });
  await pass(5000);
  for (let scene = 11; scene < 16; scene++) {
    cameras[0]!.scene = scene;
    await pass(10_000);
  }
  expect(quick.seen).toEqual([10, 11, 12, 13, 14, 15]);
  expect(thorough.seen).toEqual([10]);
  await pass(10_000);
  expect(thorough.seen).toEqual([10, 15]);
});

test('a paused camera still answers requests of both models', async () => {
  const { pipeline, quick, thorough } = start(['a']);
  await pass(5000);
  pipeline.set('a', { paused: true, intervalMs: 10_000, prompt: 'default' });
  await pass(30_000);
  const before = quick.seen.length;
  const result = pipeline.request('a');
  await pass(5000);
  await result;
  expect([quick.seen.length - before, thorough.seen.length]).toEqual([1, 2]);
});

const visions = ({ recorder }: Running): unknown[] =>
  recorder.visions.map(({ state, reason }) => (state === 'failing' ? reason : state));

test('what was said holds once both models have said it, until one has not for two minutes', async () => {
  const running = start(['a']);
  await pass(2000);
  expect(visions(running)).toEqual(['stale']);
  await pass(600_000);
  expect(visions(running)).toEqual(['stale', 'current']);
  running.quick.restart = new Promise(() => {});
  await pass(130_000);
  expect(visions(running)).toEqual(['stale', 'current', 'stale']);
});

test('a model that fails is why it does not hold, whatever the other one says', async () => {
  const running = start(['a']);
  await pass(5000);
  running.thorough.fault = new Error('broken');
  running.cameras[0]!.scene = 11;
  await pass(30_000);
  expect(visions(running)).toEqual(['stale', 'current', 'broken']);
  running.thorough.fault = null;
  await pass(20_000);
  expect(visions(running)).toEqual(['stale', 'current', 'broken', 'current']);
});

test('a change that min_interval keeps from being described is no reason to trust the last description', async () => {
  const running = start(['a'], { minIntervalMs: 3_600_000, staleAfterMs: 60_000 });
  await pass(5000);
  running.cameras[0]!.scene = 11;
  await pass(90_000);
  expect(visions(running)).toEqual(['stale', 'current', 'stale']);
});
