import { expect, onTestFinished, test } from 'vitest';
import { modelSchema } from '../../../src/config/schema.ts';
import type { Question } from '../../../src/domain/observation.ts';
import { setUpEngine } from '../../../src/setup/engine.ts';
import { modelFilesOf } from '../../../src/setup/model-files.ts';
import { backendsDir, loadAddon } from '../../../src/vision/native/addon.ts';
import type { Turn } from '../../../src/vision/native/mtmd-engine.ts';
import { PictureDescriber } from '../../../src/vision/picture-describer.ts';
import { loadEngine } from '../../../src/vision/process/load-engine.ts';
import { demoRequest } from '../../../tools/test/demo-engine.ts';

const questions: readonly Question[] = [
  { name: 'count', ask: 'How many shapes are there?', type: { kind: 'integer', min: 0, max: 9 } },
  { name: 'circle', ask: 'Is there a red circle?', type: { kind: 'boolean' } },
  ...[1, 2, 3].map((index) => ({ name: `free${index}`, ask: 'What colour is the background?' })),
];

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
