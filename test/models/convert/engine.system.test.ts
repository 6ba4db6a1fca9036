import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { backendsDir, loadAddon } from '../../../src/vision/native/addon.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { vocabulary } from '../../../tools/test/random-text.ts';
import { type Converted, written } from './fixture.ts';
import { llama3Checkpoint } from './llama3-checkpoint.ts';
import { hfCheckpoint, originalCheckpoint } from './tiny-checkpoint.ts';

// llama.cpp and libmtmd load what was written, and see the model that the checkpoint is.

const addonPath = fileURLToPath(new URL('../../../build/native/mtmd.node', import.meta.url));
const isBuilt = existsSync(addonPath);
const engineTest = test.skipIf(!isBuilt);
const reason = isBuilt ? '' : ` (skipped: ${addonPath} is not built)`;
const engines: MtmdEngine[] = [];
if (isBuilt) loadAddon().loadBackends(backendsDir());
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

async function open({ text, mmproj }: Converted): Promise<MtmdEngine> {
  const engine = await loadAddon().load({ textPath: text, mmprojPath: mmproj, threads: 1, contextSize: 512 });
  engines.push(engine);
  return engine;
}

function idsOf(...pieces: string[]): number[] {
  return pieces.map((piece) => vocabulary.findIndex((each) => each.piece === piece));
}

engineTest(`a converted original is loaded, tokenises and sees${reason}`, async () => {
  const engine = await open(await written(originalCheckpoint()));
  expect(engine.info.text).toMatchObject({
    architecture: 'llama',
    name: 'tiny',
    width: 64,
    vocabularySize: vocabulary.length,
    trainedContextSize: 4096,
    addsBeginToken: true,
  });
  expect(engine.info.vision).toMatchObject({
    projectorType: 'mlp',
    imageSize: 28,
    patchSize: 14,
    mergeType: 'spatial_unpad',
    gridPinpoints: [
      [28, 56],
      [56, 28],
      [56, 56],
    ],
    hasImageNewline: true,
  });
  expect(engine.imageNewline()).toEqual(originalCheckpoint().tensors['model.image_newline']!.values);
  expect([...engine.tokenize('the gate is', { addSpecial: true })]).toEqual([
    1,
    ...idsOf('\u2581the', '\u2581gate', '\u2581is'),
  ]);
  const embeddings = await engine.encodeTile(new Uint8Array(28 * 28 * 3).fill(90));
  expect(embeddings.length).toBe(4 * 64);
  await engine.decodeEmbeddings(embeddings, { logitsLast: true });
  expect(engine.sample()).toBeLessThan(vocabulary.length);
});

engineTest(`both layouts and all matrix types compute the same${reason}`, async () => {
  const tile = Uint8Array.from({ length: 28 * 28 * 3 }, (_, index) => (index * 7) % 256);
  const results: number[][] = [];
  for (const converted of [
    await written(originalCheckpoint()),
    await written(hfCheckpoint(), { dtype: 'BF16', shards: 2, convert: { outtype: 'F32' } }),
    await written(originalCheckpoint(), { dtype: 'F32', convert: { outtype: 'BF16' } }),
  ]) {
    const engine = await open(converted);
    const embeddings = await engine.encodeTile(tile);
    await engine.decodeEmbeddings(embeddings);
    await engine.decodeTokens(engine.tokenize('the gate'), { logitsLast: true });
    results.push([...embeddings.subarray(0, 8), engine.sample()]);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

engineTest(
  `a converted Llama 3 is loaded, and splits and merges as its tokenizer.json says${reason}`,
  async () => {
    const engine = await open(await written(llama3Checkpoint()));
    const pieces = (text: string): string[] =>
      [...engine.tokenize(text, { addSpecial: true, parseSpecial: true })].map((token) =>
        Buffer.from(engine.tokenToPiece(token)).toString(),
      );
    expect([...engine.tokenize('', { addSpecial: true })]).toEqual([260]);
    expect(pieces('the the gt').slice(1)).toEqual(['the', ' the', ' g', 't']);
    expect(engine.isEndOfGeneration(261)).toBe(true);
  },
);
