import { expect, onTestFinished, test } from 'vitest';
import { configSchema, modelSchema } from '../../../src/config/schema.ts';
import { comparisonQuestion } from '../../../src/domain/change-question.ts';
import type { Question } from '../../../src/domain/observation.ts';
import { setUpEngine } from '../../../src/setup/engine.ts';
import { jobOf } from '../../../src/setup/job.ts';
import { modelFilesOf } from '../../../src/setup/model-files.ts';
import { backendsDir, loadAddon } from '../../../src/vision/native/addon.ts';
import type { Turn } from '../../../src/vision/native/mtmd-engine.ts';
import { PictureDescriber } from '../../../src/vision/picture-describer.ts';
import { loadEngine } from '../../../src/vision/process/load-engine.ts';
import { demoRequest } from '../../../tools/test/demo-engine.ts';
import { writeRandomModel } from '../../../tools/test/random-projectors.ts';
import { folder, open } from '../../native/engine-fixture.ts';

const questions: readonly Question[] = [
  { name: 'count', ask: 'How many shapes are there?', type: { kind: 'integer', min: 0, max: 9 } },
  { name: 'circle', ask: 'Is there a red circle?', type: { kind: 'boolean' } },
  ...[1, 2, 3].map((index) => ({ name: `free${index}`, ask: 'What colour is the background?' })),
];

/** As a config with `mqtt.commands.ask: true` and one camera, or a worker board, plans. */
async function describerFor(config: object): Promise<PictureDescriber> {
  const { model, ...rest } = configSchema.parse({ mqtt: { url: 'mqtt://h' }, ...config });
  const files = await modelFilesOf(model!, process.cwd());
  const { options } = await setUpEngine(model!, files, jobOf(rest));
  const addon = loadAddon();
  addon.loadBackends(backendsDir());
  const engine = await loadEngine(addon, { ...options, threads: 1, threadsBatch: 1 });
  onTestFinished(() => engine.close());
  return new PictureDescriber(engine, options, { name: 'demo', quant: '', build: '' });
}

const camera = { source: { type: 'scene', seed: 1, size: '640x480' } };
const letters = 'qxzjvkwyfb'.repeat(50);

// Short answers: the room for long ones could hold the question too.
const model = { max_tokens: 16 };
test.each([
  ['a camera', { model, mqtt: { url: 'mqtt://h', commands: { ask: true } }, cameras: { a: camera } }],
  ['a worker board', { model, cameras: {}, work: { pool: 'p' } }],
])('a question of 500 letters, each of them a token, fits where %s may be asked', async (_what, config) => {
  const describer = await describerFor(config);
  const asked = { name: 'asked', ask: letters };
  const typed = {
    ...asked,
    type: { kind: 'enum' as const, values: ['a word that is as long as a value may be'] },
  };
  for (const question of [asked, typed]) {
    const request = { ...demoRequest, questions: [question] };
    const { answers } = await describer.describe(request, new AbortController().signal);
    expect(answers).toHaveProperty('asked');
  }
});

test('a question that has no room is refused with its tokens and the remedy', async () => {
  const describer = await describerFor({ cameras: { a: camera } });
  const questions = [{ name: 'asked', ask: letters }];
  await expect(
    describer.describe({ ...demoRequest, questions }, new AbortController().signal),
  ).rejects.toThrow(
    /^"qxzjv.*\.\.\." takes \d+ tokens, but the context has room for \d+ .*shorten it, or raise model\.context_size/,
  );
});

test('the planned context has room for both pictures and long descriptions where what has changed is asked', async () => {
  const { textPath: text, mmprojPath: mmproj } = writeRandomModel(folder, 'pixtral');
  const { model, ...rest } = configSchema.parse({
    mqtt: { url: 'mqtt://h' },
    model: { path: folder },
    cameras: { a: { ...camera, change: true } },
  });
  const { options, plan } = await setUpEngine(model!, { text, mmproj }, jobOf(rest));
  expect(plan.degraded).toEqual([]);
  const engine = await open({ textPath: text, mmprojPath: mmproj }, { contextSize: plan.contextSize });
  const describer = new PictureDescriber(engine, options, { name: 'random', quant: '', build: '' });
  const { picture, prompt } = demoRequest;
  const previous = letters.slice(0, 256);
  const ask = comparisonQuestion(previous);
  const change = { previous, ask, earlier: { picture, ask } };
  const described = await describer.describe(
    { picture, prompt, questions: [], change },
    new AbortController().signal,
  );
  expect(described.tokens.completion).toBeGreaterThan(256);
  // The plan counts the delimiters of a picture too.
  expect(described.tokens.image).toBeGreaterThan(1.9 * plan.imageTokens);
});

test('the planned context has room for the description and all questions at once', async () => {
  const model = modelSchema.parse({});
  const files = await modelFilesOf(model, process.cwd());
  const { picture, prompt } = demoRequest;
  const job = { pictureSizes: [picture.size], prompts: [prompt], questions: [questions] };
  const { options, plan } = await setUpEngine(model, files, job);
  expect(plan.degraded).toEqual([]);
  const addon = loadAddon();
  addon.loadBackends(backendsDir());
  const engine = await loadEngine(addon, { ...options, threads: 1, threadsBatch: 1 });
  onTestFinished(() => engine.close());
  const groups: number[] = [];
  const counted = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'runTurns') groups.push((args[0] as Turn[]).length);
        return value.apply(target, args);
      };
    },
  });
  const describer = new PictureDescriber(counted, options, { name: 'demo', quant: '', build: '' });
  await describer.describe({ ...demoRequest, questions }, new AbortController().signal);
  expect(groups).toEqual([6]);
});
