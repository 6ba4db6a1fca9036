import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoEngine } from '../../tools/test/demo-engine.ts';
import { realGeometryShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { type Projector, writeRandomModel } from '../../tools/test/random-projectors.ts';
import { addon, folder, noise, open } from './engine-fixture.ts';

/** The type that every CPU's repack buffer takes. */
const anyCpusType = 'Q4_0';

async function quantised(path: string, name: string, type = anyCpusType): Promise<string> {
  const outputPath = join(folder, `${name}-${type}.gguf`);
  await addon.quantize({ inputPath: path, outputPath, type });
  return outputPath;
}

/** The cosine of the angle between two vectors. */
function similarity(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const towers = [
  ['demo', anyCpusType],
  ['LLaVA 1.6', anyCpusType],
  // Repacked on ARM, and on x86-64 only with AMX.
  ['demo', 'Q8_0'],
  ['LLaVA 1.6', 'Q8_0'],
] as const;

test.each(towers)('a repacked tower gives the embeddings of a plain one: %s, %s', async (name, type) => {
  const model = name === 'demo' ? demoEngine : writeRandomLlava(folder, realGeometryShape);
  const mmprojPath = await quantised(model.mmprojPath, name.replace(' ', '-'), type);
  const embeddings: Float32Array[] = [];
  for (const repack of [true, false]) {
    const engine = await open({ ...model, mmprojPath }, { repack, contextSize: 512 });
    embeddings.push(await engine.encodeTile(noise(engine.info.vision.imageSize ** 2 * 3)));
    await engine.close();
  }
  const [repacked, plain] = embeddings as [Float32Array, Float32Array];
  expect(repacked.every(Number.isFinite)).toBe(true);
  expect(similarity(repacked, plain)).toBeGreaterThan(0.999);
});

const projectors: Projector[] = [
  'mlp',
  'mlp_norm',
  'ldpv2',
  'idefics3',
  'gemma3',
  'qwen2.5vl_merger',
  'internvl',
  'pixtral',
  'lfm2',
  'qwen3vl_merger',
  'gemma4v',
  'resampler',
];

test.each(projectors)('a quantised tower of any kind encodes: %s', async (projector) => {
  const model = writeRandomModel(folder, projector);
  const mmprojPath = await quantised(model.mmprojPath, projector);
  const engine = await open({ ...model, mmprojPath }, { contextSize: 2048 });
  const picture = { before: 'USER', addSpecial: true, rgb: noise(120 * 90 * 3), width: 120, height: 90 };
  const { imageTokens } = await engine.decodePicture(picture);
  expect(imageTokens).toBeGreaterThan(0);
});
