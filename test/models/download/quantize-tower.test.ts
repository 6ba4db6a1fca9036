import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import type { TowerChoice } from '../../../src/models/download/tower-choice.ts';
import { verifyModel } from '../../../src/models/installed/installed.ts';
import { pinsOf } from '../../../src/models/installed/lock-file.ts';
import { bool, encodeGguf, type GgufTensor, text as string } from '../../../tools/test/gguf-writer.ts';
import { sha256 } from '../../../tools/test/loopback-hub.ts';
import { PullBench, source, text } from './pull-bench.ts';

const matrix: GgufTensor = { shape: [64, 64], type: 'f16', values: new Float32Array(64 * 64).fill(0.5) };
const projectorOf = (type: string): Buffer =>
  encodeGguf({
    metadata: {
      'general.architecture': string('clip'),
      'clip.has_vision_encoder': bool(true),
      'clip.projector_type': string(type),
    },
    tensors: { 'v.blk.0.attn_q.weight': matrix },
  });
const published = projectorOf('mlp');
const quantized = Buffer.from('GGUF in Q8_0');
const sources = [source('hf:o/r/text.gguf', 'hf:o/r/mmproj-model-f16.gguf')];
const downloadsOfTower = (): number =>
  bench.hub.downloads.filter(({ path }) => path.includes('mmproj-model-f16')).length;

let quantisations: string[][];
/** Writes `quantized` in place of llama.cpp's quantiser. */
const toQ8: TowerChoice = {
  chosen: null,
  standard: 'Q8_0',
  quantize: async (input, output, type, onProgress) => {
    expect(readFileSync(input).equals(published)).toBe(true);
    quantisations.push([input, output, type]);
    onProgress(0.5);
    writeFileSync(output, quantized);
  },
};

let bench: PullBench;
beforeEach(async () => {
  quantisations = [];
  bench = await PullBench.open();
  bench.hub.files.set('o/r/mmproj-model-f16.gguf', published);
  return () => bench.close();
});

const states = async (): Promise<string[]> =>
  (await verifyModel(bench.models, 'm', new AbortController().signal)).map(
    ({ name, state }) => `${name} ${state}`,
  );

function expectQuantized(): void {
  expect(readdirSync(bench.path()).sort()).toEqual(['mmproj-model-Q8_0.gguf', 'text.gguf']);
  expect(readFileSync(bench.path('mmproj-model-Q8_0.gguf')).equals(quantized)).toBe(true);
}

function expectPublished(): void {
  expect(readdirSync(bench.path()).sort()).toEqual(['mmproj-model-f16.gguf', 'text.gguf']);
  expect(readFileSync(bench.path('mmproj-model-f16.gguf')).equals(published)).toBe(true);
}

test('the published form of a quantised tower is no second projector', async () => {
  expect((await bench.pull({ sources, tower: toQ8 })).fault).toBeNull();
  expect((await bench.pull({ sources, tower: toQ8 })).fault).toBeNull();
  expect((await bench.pull({ tower: toQ8 })).fault).toBeNull();
});

test('an F16 tower is quantised after the download, and both digests are recorded', async () => {
  const pulled = await bench.pull({ sources, tower: toQ8 });
  expectQuantized();
  expect(pulled.files.map(({ name, published: from }) => [name, from])).toEqual([
    ['text.gguf', 'text.gguf'],
    ['mmproj-model-Q8_0.gguf', 'mmproj-model-f16.gguf'],
  ]);
  const pins = await pinsOf(bench.models, 'm');
  expect(Object.keys(pins).sort()).toEqual(['mmproj-model-f16.gguf', 'text.gguf']);
  expect(pins['mmproj-model-f16.gguf']).toMatchObject({
    sha256: sha256(published),
    quantized: {
      file: 'mmproj-model-Q8_0.gguf',
      type: 'Q8_0',
      sizeBytes: quantized.length,
      sha256: sha256(quantized),
    },
  });
  expect(bench.events.filter(({ type }) => type.startsWith('quantiz'))).toEqual([
    { type: 'quantizing', file: 'mmproj-model-f16.gguf', fraction: 0 },
    { type: 'quantizing', file: 'mmproj-model-f16.gguf', fraction: 0.5 },
    {
      type: 'quantized',
      file: 'mmproj-model-f16.gguf',
      quant: 'Q8_0',
      fromBytes: published.length,
      toBytes: quantized.length,
    },
  ]);
});

test('the quantised file is verified by its own digest', async () => {
  await bench.pull({ sources, tower: toQ8 });
  expect(await states()).toEqual(['mmproj-model-Q8_0.gguf good', 'text.gguf good']);
  writeFileSync(bench.path('mmproj-model-Q8_0.gguf'), 'GGUF in Q8_1');
  expect(await states()).toEqual(['mmproj-model-Q8_0.gguf changed', 'text.gguf good']);
});

test('a second pull neither downloads nor quantises again, also where the standard is F16', async () => {
  await bench.pull({ sources, tower: toQ8 });
  await bench.hub.close();
  expect(await bench.pull({ sources, tower: toQ8 })).toMatchObject({ status: 'present' });
  expect(await bench.pull({ sources })).toMatchObject({ status: 'present' });
  const requested = await bench.pull({ sources, tower: { ...toQ8, chosen: 'Q8_0' } });
  expect(requested).toMatchObject({ status: 'present' });
  expect(quantisations).toHaveLength(1);
  expectQuantized();
});

test('if only the text model is missing, the tower is neither downloaded nor quantised again', async () => {
  await bench.pull({ sources, tower: toQ8 });
  writeFileSync(bench.path('text.gguf'), 'GGUF damaged');
  await bench.pull({ sources, tower: toQ8 });
  expect(readFileSync(bench.path('text.gguf')).equals(text)).toBe(true);
  expect([downloadsOfTower(), quantisations.length]).toEqual([1, 1]);
  expectQuantized();
});

test('a damaged quantised file is downloaded and quantised again', async () => {
  await bench.pull({ sources, tower: toQ8 });
  writeFileSync(bench.path('mmproj-model-Q8_0.gguf'), 'GGUF in Q8_1');
  await bench.pull({ sources, tower: toQ8 });
  expect([downloadsOfTower(), quantisations.length]).toEqual([2, 2]);
  expectQuantized();
});

test('a tower pulled as F16 is quantised by a later pull, without a download', async () => {
  await bench.pull({ sources });
  expectPublished();
  expect(bench.said('not-quantized')).toEqual([expect.stringMatching(/^this CPU has no faster kernels/)]);
  await bench.hub.close();
  await bench.pull({ sources, tower: toQ8 });
  expectQuantized();
});

test('F16 on request is kept by later pulls, until another type is requested', async () => {
  await bench.pull({ sources, tower: { ...toQ8, chosen: 'F16' } });
  await bench.pull({ sources, tower: toQ8 });
  expectPublished();
  expect(bench.said('not-quantized')).toEqual([]);
  await bench.pull({ sources, tower: { ...toQ8, chosen: 'Q8_0' } });
  expectQuantized();
  await bench.pull({ sources, tower: { ...toQ8, chosen: 'F16' } });
  expectPublished();
  expect(await states()).toEqual(['mmproj-model-f16.gguf good', 'text.gguf good']);
});

test('an interrupted quantisation leaves the published file, and the next pull quantises it', async () => {
  const stop = new AbortController();
  const interrupted = bench.pull({
    sources,
    signal: stop.signal,
    tower: {
      ...toQ8,
      quantize: async (_, output) => {
        writeFileSync(output, 'half');
        stop.abort();
        throw new Error('quantisation was cancelled');
      },
    },
  });
  await expect(interrupted).rejects.toThrow(/m: stopped; the downloaded data is kept/);
  expectPublished();
  expect(await states()).toEqual(['mmproj-model-f16.gguf good', 'text.gguf good']);
  await bench.hub.close();
  await bench.pull({ sources, tower: toQ8 });
  expectQuantized();
});

test('a quantisation that fails leaves the published file, with the reason', async () => {
  const quantize = async (_: string, output: string): Promise<void> => {
    writeFileSync(output, 'half');
    throw new Error('out of memory');
  };
  await bench.pull({ sources, tower: { ...toQ8, quantize } });
  expectPublished();
  expect(bench.said('not-quantized')).toEqual(['out of memory']);
});

test('leftovers of a killed quantisation are removed', async () => {
  await bench.pull({ sources });
  for (const left of ['.part', '.part.part'])
    writeFileSync(bench.path(`mmproj-model-Q8_0.gguf${left}`), 'half');
  await bench.pull({ sources, tower: toQ8 });
  expectQuantized();
});

test('a pull that was killed before it removed the published file is completed', async () => {
  await bench.pull({ sources, tower: toQ8 });
  writeFileSync(bench.path('mmproj-model-f16.gguf'), published);
  await bench.pull({ sources, tower: toQ8 });
  expectQuantized();
  expect(quantisations).toHaveLength(1);
});

test('a pull that was killed before the quantised file got its name is completed', async () => {
  await bench.pull({ sources, tower: toQ8 });
  writeFileSync(bench.path('mmproj-model-f16.gguf'), published);
  renameSync(bench.path('mmproj-model-Q8_0.gguf'), bench.path('mmproj-model-Q8_0.gguf.part'));
  await bench.pull({ sources, tower: toQ8 });
  expectQuantized();
});

test('a tower that changed on the hub is quantised again once it is accepted', async () => {
  await bench.pull({ sources, tower: toQ8 });
  const changed = encodeGguf({
    metadata: { 'general.architecture': string('clip'), 'clip.projector_type': string('mlp') },
    tensors: { 'v.blk.0.attn_k.weight': matrix },
  });
  bench.hub.files.set('o/r/mmproj-model-f16.gguf', changed);
  const quantize = async (input: string, output: string): Promise<void> => {
    expect(readFileSync(input).equals(changed)).toBe(true);
    writeFileSync(output, quantized);
  };
  await bench.pull({ sources, acceptChange: true, tower: { ...toQ8, quantize } });
  expectQuantized();
  expect((await pinsOf(bench.models, 'm'))['mmproj-model-f16.gguf']?.sha256).toBe(sha256(changed));
});

test('without space for both, the published file stays', async () => {
  await bench.pull({ sources });
  await bench.pull({ sources, tower: toQ8, freeBytes: 268_435_456 + 100 });
  expectPublished();
  expect(bench.said('not-quantized').at(-1)).toMatch(
    /the quantisation needs \S+ kB and 268 MB must stay free/,
  );
});

test('a projector that is not of the LLaVA kind is left as it is', async () => {
  bench.hub.files.set('o/r/mmproj-model-f16.gguf', projectorOf('gemma3'));
  await bench.pull({ sources, tower: toQ8 });
  expect(existsSync(bench.path('mmproj-model-f16.gguf'))).toBe(true);
  expect(bench.said('not-quantized')).toEqual(["its projector is gemma3, not LLaVA's"]);
});

test('the output is named after the type, or has it added', async () => {
  bench.hub.files.set('o/r/my-mmproj.gguf', published);
  const { files } = await bench.pull({ sources: [source('hf:o/r/my-mmproj.gguf')], tower: toQ8 });
  expect(files.map(({ name }) => name)).toEqual(['my-mmproj-Q8_0.gguf']);
});
