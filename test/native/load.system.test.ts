import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { encodeGguf, text } from '../../tools/test/gguf-writer.ts';
import { tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { addon, folder, open } from './engine-fixture.ts';

const model = writeRandomLlava(folder, tinyShape, { chatTemplate: '{{ messages[0].content }}' });

/** A copy of a file, its content changed. */
function changed(name: string, original: string, change: (bytes: Buffer) => Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, change(readFileSync(original)));
  return path;
}

test('a missing addon names the script that builds it', () => {
  expect(() => loadAddon('/nowhere/mtmd.node')).toThrow('scripts/build-native.sh');
});

test.each([
  ['FILE_MISSING', { textPath: join(folder, 'absent.gguf') }, /absent\.gguf/],
  ['FILE_MISSING', { mmprojPath: join(folder, 'absent.gguf') }, /absent\.gguf/],
  ['FILE_UNREADABLE', { textPath: folder }, /not a regular file/],
  [
    'NOT_GGUF',
    { textPath: changed('page.gguf', model.textPath, () => Buffer.from('<html>')) },
    /page\.gguf.*6 bytes/,
  ],
  ['NOT_GGUF', { mmprojPath: changed('empty.gguf', model.textPath, () => Buffer.alloc(0)) }, /empty\.gguf/],
  [
    'GGUF_CORRUPT',
    { textPath: changed('head.gguf', model.textPath, (b) => b.subarray(0, 2000)) },
    /cut short/,
  ],
  [
    'GGUF_CORRUPT',
    { mmprojPath: changed('bits.gguf', model.mmprojPath, (b) => b.fill(0xff, 24, 32)) },
    /bits\.gguf/,
  ],
  [
    'GGUF_TRUNCATED',
    { textPath: changed('cut.gguf', model.textPath, (b) => b.subarray(0, -100)) },
    /cut\.gguf.*tensor/,
  ],
  [
    'GGUF_TRUNCATED',
    { mmprojPath: changed('cut2.gguf', model.mmprojPath, (b) => b.subarray(0, -100)) },
    /newline/,
  ],
  ['NOT_A_TEXT_MODEL', { textPath: model.mmprojPath }, /mmproj/],
  ['NOT_AN_MMPROJ', { mmprojPath: model.textPath }, /llama/],
  [
    'NO_VISION',
    { mmprojPath: writeRandomLlava(folder, tinyShape, { hasVision: false, name: 'blind' }).mmprojPath },
    /blind/,
  ],
  [
    'WIDTH_MISMATCH',
    { mmprojPath: writeRandomLlava(folder, tinyShape, { projectorWidth: 96, name: 'wide' }).mmprojPath },
    /random-text\.gguf.*64.*wide-mmproj\.gguf.*96/,
  ],
  [
    'LOAD_FAILED',
    {
      textPath: changed('odd.gguf', model.textPath, () =>
        encodeGguf({ metadata: { 'general.architecture': text('odd') }, tensors: {} }),
      ),
    },
    /odd\.gguf.*unknown model architecture/,
  ],
  ['INVALID_ARGUMENT', { threads: 0 }, /threads/],
  ['INVALID_ARGUMENT', { kvType: 'f17' as 'f16' }, /kvType/],
])('%s: %o', async (code, options, message) => {
  const { textPath, mmprojPath } = model;
  await expect(addon.load({ textPath, mmprojPath, ...options })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('one byte short is truncated, the whole file is not', async () => {
  const path = changed('one-short.gguf', model.mmprojPath, (bytes) => bytes);
  await (await open({ ...model, mmprojPath: path })).close();
  truncateSync(path, readFileSync(path).length - 1);
  await expect(open({ ...model, mmprojPath: path })).rejects.toMatchObject({ code: 'GGUF_TRUNCATED' });
});

test('progress rises and ends with 1 before the promise resolves', async () => {
  const seen: number[] = [];
  await open(model, { onProgress: (fraction) => seen.push(fraction) });
  expect(seen.at(-1)).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen.at(-1)).toBe(1);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.filter((fraction) => fraction === 1)).toHaveLength(1);
});

test('a failed load never reports a progress of 1', async () => {
  const seen: number[] = [];
  const load = open(
    { ...model, mmprojPath: model.textPath },
    { onProgress: (fraction) => seen.push(fraction) },
  );
  await expect(load).rejects.toThrow();
  expect(seen).not.toContain(1);
});

test('info describes the loaded model', async () => {
  const engine = await open(model, { contextSize: 1000 });
  const { text: language, vision, cpu, build } = engine.info;
  expect(language).toMatchObject({
    architecture: 'llama',
    name: 'random LLaVA',
    quant: 'all F32',
    chatTemplate: '{{ messages[0].content }}',
    width: 64,
    vocabularySize: 334,
    trainedContextSize: 4096,
    addsBeginToken: true,
  });
  expect(language.sizeBytes).toBe(language.parameters * 4);
  expect(vision).toMatchObject({
    projectorType: 'mlp',
    imageSize: 28,
    patchSize: 14,
    mergeType: 'spatial_unpad',
    gridPinpoints: tinyShape.gridPinpoints,
    hasImageNewline: true,
    usesMrope: false,
    nonCausal: false,
    sizeBytes: readFileSync(model.mmprojPath).length,
  });
  expect(vision.mean[0]).toBeCloseTo(0.48145466, 6);
  expect(vision.standardDeviation[2]).toBeCloseTo(0.27577711, 6);
  expect(cpu.name).not.toBe('');
  expect(cpu.module).toContain(backendsDir());
  expect(Object.keys(cpu.features).length).toBeGreaterThan(0);
  expect(build).toContain('v0.5.0');
  expect(engine.contextSize).toBeGreaterThanOrEqual(1000);
});

test.each([
  ['v.image_newline', 'f32'],
  ['model.image_newline', 'f16'],
] as const)('the newline is read from %s as %s', async (newlineName, newlineType) => {
  const other = writeRandomLlava(folder, tinyShape, { newlineName, newlineType, name: newlineName });
  expect((await open(other)).imageNewline()).toEqual(other.vision[newlineName]!.values);
});

test('a model without newline has none', async () => {
  const engine = await open(writeRandomLlava(folder, tinyShape, { newlineName: null, name: 'plain' }));
  expect(engine.imageNewline()).toBeNull();
  expect(engine.info.vision.hasImageNewline).toBe(false);
});

test('the CPU module cannot be replaced', () => {
  addon.loadBackends(backendsDir());
  expect(() => addon.loadBackends('/somewhere/else')).toThrow(
    expect.objectContaining({ code: 'BACKEND_LOADED' }),
  );
});
