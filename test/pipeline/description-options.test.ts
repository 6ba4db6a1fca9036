import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeCamera, FakeEngine, startPipeline, taskOf } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const questions = [
  { name: 'gate', ask: 'Is the gate open?' },
  { name: 'people', ask: 'How many people?' },
];

test('a request sets prompt, detail and questions for its own frame only', async () => {
  const engine = new FakeEngine(100);
  const { pipeline, recorder } = startPipeline(
    [taskOf(new FakeCamera('a'), { questions, intervalMs: 60_000 })],
    engine,
  );
  await pass(1000);
  const options = { prompt: 'brief', detail: 'overview', questions: ['people'] } as const;
  const result = pipeline.request('a', options);
  await pass(1000);
  const { observation, answer } = await result;
  expect(engine.requests.at(-1)).toMatchObject({
    prompt: 'In one word.',
    detail: 'overview',
    questions: [{ name: 'people', ask: 'How many people?' }],
  });
  expect(observation).toMatchObject({ prompt: 'brief', trigger: 'request' });
  expect(answer).toBeNull();
  expect(recorder.observations.at(-1)).toEqual(observation);
  await pass(60_000);
  expect(engine.requests.at(-1)).toMatchObject({ prompt: 'Describe the scene.', questions });
  expect(engine.requests.at(-1)).not.toHaveProperty('detail');
});

test('an ad-hoc answer goes to the requester and is not published', async () => {
  const engine = new FakeEngine(100);
  const { pipeline, recorder } = startPipeline(
    [taskOf(new FakeCamera('a'), { questions, intervalMs: 60_000 })],
    engine,
  );
  await pass(500);
  const type = { kind: 'integer', min: 0, max: 9 } as const;
  const result = pipeline.request(null, { ask: { ask: 'How many bicycles?', type } });
  await pass(500);
  const { observation, answer } = await result;
  expect(answer).toBe('an answer to How many bicycles?');
  expect(engine.requests.at(-1)?.questions).toEqual([
    ...questions,
    { name: '', ask: 'How many bicycles?', type },
  ]);
  for (const { description } of [observation, recorder.observations.at(-1)!])
    expect(Object.keys(description.answers)).toEqual(['gate', 'people']);
});

test('requests with the same options share a frame; others get their own, one after another', async () => {
  const camera = new FakeCamera('a');
  const engine = new FakeEngine(1000);
  const { pipeline, recorder } = startPipeline([taskOf(camera, { intervalMs: 600_000 })], engine);
  await pass(2000);
  const requested = [{ prompt: 'brief' }, {}, { prompt: 'brief' }, { ask: { ask: 'What else?' } }];
  const result = Promise.all(requested.map((options) => pipeline.request('a', options)));
  await pass(3500);
  const ids = (await result).map(({ observation }) => observation.frame.id);
  expect(ids[2]).toBe(ids[0]);
  expect(new Set(ids).size).toBe(3);
  expect(recorder.observations).toHaveLength(4);
  expect([...recorder.endsById.values()].every((ends) => ends.length === 1)).toBe(true);
});

test('a cancelled request rejects with the reason, and no camera is looked at for it', async () => {
  const camera = new FakeCamera('a');
  camera.hangs = true;
  const { pipeline } = startPipeline([taskOf(camera)], new FakeEngine());
  await pass(10);
  const stop = new AbortController();
  const given = expect(pipeline.request('a', {}, stop.signal)).rejects.toThrow('too late');
  stop.abort(new Error('too late'));
  await given;
  await expect(pipeline.request('a', {}, stop.signal)).rejects.toThrow('too late');
});

test.each([
  ['an unknown camera', 'b', {}, 'unknown', 'no camera is named "b"; there are: a, c'],
  ['no camera, with two configured,', null, {}, 'invalid', 'camera: must be one of a, c'],
  ['an unknown prompt', 'a', { prompt: 'x' }, 'unknown', 'no prompt is named "x"; there are: default, brief'],
  [
    'a question of another camera',
    'c',
    { questions: ['gate', 'tree'] },
    'unknown',
    'no question is named "tree"',
  ],
] as const)('%s is refused', async (_name, camera, options, code, message) => {
  const tasks = ['a', 'c'].map((name) => taskOf(new FakeCamera(name)));
  const { pipeline } = startPipeline(tasks, new FakeEngine());
  const error = await pipeline.request(camera, options).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
});

test('a paused camera answers requests only; resumed, it is looked at immediately', async () => {
  const camera = new FakeCamera('a');
  const { pipeline, recorder } = startPipeline([taskOf(camera)], new FakeEngine(100));
  await pass(2500);
  const paused = { paused: true, intervalMs: 1000, prompt: 'default' };
  pipeline.set('a', paused);
  const captures = camera.captures;
  await pass(60_000);
  expect(camera.captures).toBe(captures);
  const result = pipeline.request('a');
  await pass(500);
  expect((await result).observation.trigger).toBe('request');
  await pass(60_000);
  expect(camera.captures).toBe(captures + 1);
  pipeline.set('a', { ...paused, paused: false });
  await pass(10);
  expect(camera.captures).toBe(captures + 2);
  await pass(10_000);
  expect(camera.captures).toBe(captures + 12);
  expect(recorder.settings.map(([name, settings]) => [name, settings.paused])).toEqual([
    ['a', false],
    ['a', true],
    ['a', false],
  ]);
});

test('a camera paused from the start is not looked at, and closes immediately', async () => {
  const camera = new FakeCamera('a');
  const { pipeline } = startPipeline([taskOf(camera, { paused: true })], new FakeEngine());
  await pass(60_000);
  expect(camera.captures).toBe(0);
  await pipeline.close();
  expect(camera.closed).toBe(1);
});

test('a frame that waits when its camera is paused is not described', async () => {
  const [a, b] = [new FakeCamera('a'), new FakeCamera('b')];
  const { pipeline, recorder } = startPipeline(
    [taskOf(a, { intervalMs: 60_000 }), taskOf(b, { intervalMs: 60_000 })],
    new FakeEngine(1000),
    { maxFrameAgeMs: 5000 },
  );
  await pass(500);
  pipeline.set('b', { paused: true, intervalMs: 60_000, prompt: 'default' });
  await pass(10_000);
  expect(recorder.observations.map(({ frame }) => frame.camera)).toEqual(['a']);
  const expired = { type: 'expired', camera: 'b', reason: 'the camera is paused' };
  expect(recorder.events).toContainEqual(expect.objectContaining(expired));
  expect(b.captures).toBe(1);
});

test('a new interval counts from the last look; a new prompt applies to the next description', async () => {
  const camera = new FakeCamera('a');
  const engine = new FakeEngine(10);
  const { pipeline } = startPipeline([taskOf(camera, { intervalMs: 60_000 })], engine);
  await pass(5000);
  pipeline.set('a', { paused: false, intervalMs: 8000, prompt: 'brief' });
  await pass(2900);
  expect(camera.captures).toBe(1);
  await pass(200);
  expect(camera.captures).toBe(2);
  expect(engine.requests.at(-1)?.prompt).toBe('In one word.');
  await pass(8000);
  expect(camera.captures).toBe(3);
  expect(pipeline.health.cameras['a']).toMatchObject({ intervalMs: 8000, effectiveIntervalMs: 8000 });
  // Shorter than the time that has passed: looked at at once.
  await pass(5000);
  pipeline.set('a', { paused: false, intervalMs: 1000, prompt: 'brief' });
  await pass(10);
  expect(camera.captures).toBe(4);
});

test('endless requests for one camera do not starve the others', async () => {
  const [asked, other] = [new FakeCamera('asked'), new FakeCamera('other')];
  const { pipeline, recorder } = startPipeline([taskOf(asked), taskOf(other)], new FakeEngine(1000));
  // At every moment two people wait for two different things.
  const askOn = async (prompt: string): Promise<void> => {
    for (;;) await pipeline.request('asked', { prompt });
  };
  for (const prompt of ['default', 'brief']) askOn(prompt).catch(() => {});
  await pass(60_000);
  const served = recorder.observations.filter(({ frame }) => frame.camera === 'other');
  expect(served.length).toBeGreaterThanOrEqual(10);
  expect(served.length).toBeLessThanOrEqual(30);
});

test('prompts, standing and ad-hoc questions ask for the language, which answers do not show', async () => {
  const engine = new FakeEngine(100);
  const standing = [...questions, { name: 'open', ask: 'Open?', type: { kind: 'boolean' } as const }];
  const { pipeline } = startPipeline(
    [taskOf(new FakeCamera('a'), { questions: standing, intervalMs: 60_000 })],
    engine,
    { language: 'de' },
  );
  await pass(500);
  const result = pipeline.request('a', { ask: { ask: 'What is odd?' } });
  await pass(500);
  const { observation } = await result;
  expect(engine.requests.at(-1)).toMatchObject({
    prompt: 'Describe the scene. Answer in German.',
    questions: [
      { name: 'gate', ask: 'Is the gate open? Answer in German.' },
      { name: 'people', ask: 'How many people? Answer in German.' },
      { name: 'open', ask: 'Open?' },
      { name: '', ask: 'What is odd? Answer in German.' },
    ],
  });
  expect(observation.prompt).toBe('default');
});
