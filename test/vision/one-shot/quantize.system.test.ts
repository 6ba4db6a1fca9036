import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGgufFileInfo } from 'node-llama-cpp';
import { afterAll, expect, test } from 'vitest';
import { backendsDir, loadAddon } from '../../../src/vision/native/addon.ts';
import { quantizeFile } from '../../../src/vision/one-shot/quantize.ts';

const root = join(import.meta.dirname, '../../..');
const text = join(root, 'models/demo/demo-text-f16.gguf');
const mmproj = join(root, 'models/demo/demo-mmproj-f16.gguf');
const folder = mkdtempSync(join(tmpdir(), 'scenecast-quantize-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** ggml's numbers of the types. */
const types = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8, Q4_K: 12, Q6_K: 14 };

async function typesOf(path: string): Promise<Map<string, number>> {
  const { fullTensorInfo } = await readGgufFileInfo(path, { readTensorInfo: true, logWarnings: false });
  return new Map(fullTensorInfo!.map(({ name, ggmlType }) => [name, ggmlType]));
}

test.each([
  ['Q4_0', types.Q4_0],
  ['Q8_0', types.Q8_0],
  ['Q4_K_M', types.Q4_K],
] as const)('the text model becomes %s, loads, and reports that type', async (type, ggmlType) => {
  const outputPath = join(folder, `4-${type}.gguf`); // llama-quantize misreads a relative path like this
  const fractions: number[] = [];
  const onProgress = (fraction: number): void => void fractions.push(fraction);
  await quantizeFile({ inputPath: text, outputPath, type, threads: 1, onProgress });
  expect(fractions.length).toBeGreaterThan(5);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
  const before = await typesOf(text);
  const after = await typesOf(outputPath);
  expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
  expect(after.get('blk.0.attn_q.weight')).toBe(ggmlType);
  expect(after.get('output_norm.weight')).toBe(types.F32);
  const addon = loadAddon();
  addon.loadBackends(backendsDir());
  const engine = await addon.load({ textPath: outputPath, mmprojPath: mmproj, threads: 1, contextSize: 256 });
  expect(engine.info.text.quant).toMatch(type.slice(0, 4));
  await engine.close();
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('an mmproj is quantised too', async () => {
  const outputPath = join(folder, 'mmproj.gguf');
  await quantizeFile({ inputPath: mmproj, outputPath, type: 'Q8_0', threads: 1 });
  const after = await typesOf(outputPath);
  expect(after.get('v.blk.0.attn_q.weight')).toBe(types.Q8_0);
  const engine = await loadAddon().load({
    textPath: text,
    mmprojPath: outputPath,
    threads: 1,
    contextSize: 256,
  });
  await engine.close();
});

test.each([
  ['an unknown type', { inputPath: text, type: 'Q9_X' }, 'INVALID_ARGUMENT', /Q9_X.*Q4_K_M/],
  ['a missing file', { inputPath: '/nowhere.gguf', type: 'Q8_0' }, 'FILE_MISSING', /nowhere/],
  ['no GGUF', { inputPath: join(root, 'package.json'), type: 'Q8_0' }, 'NOT_GGUF', /package\.json/],
])('%s is refused and leaves no file', async (_, input, code, message) => {
  const outputPath = join(folder, 'refused.gguf');
  const attempt = quantizeFile({ ...input, outputPath, threads: 1 });
  await expect(attempt).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  expect(existsSync(outputPath)).toBe(false);
  expect(existsSync(`${outputPath}.part`)).toBe(false);
});

test('a quantised file is not quantised again', async () => {
  const once = join(folder, 'once.gguf');
  await quantizeFile({ inputPath: text, outputPath: once, type: 'Q8_0', threads: 1 });
  const again = quantizeFile({
    inputPath: once,
    outputPath: join(folder, 'twice.gguf'),
    type: 'Q4_0',
    threads: 1,
  });
  await expect(again).rejects.toMatchObject({
    code: 'QUANTIZE_FAILED',
    message: expect.stringMatching(/requantiz/),
  });
});

test('a file is not quantised onto itself', async () => {
  const copy = join(folder, 'copy.gguf');
  copyFileSync(mmproj, copy);
  const attempt = quantizeFile({ inputPath: copy, outputPath: copy, type: 'Q8_0', threads: 1 });
  await expect(attempt).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('a cancelled quantisation keeps the existing file', async () => {
  const outputPath = join(folder, 'cancelled.gguf');
  writeFileSync(outputPath, 'as it was');
  const stopper = new AbortController();
  const attempt = quantizeFile({
    inputPath: text,
    outputPath,
    type: 'Q4_K_M',
    threads: 1,
    signal: stopper.signal,
    onProgress: () => stopper.abort(),
  });
  await expect(attempt).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(existsSync(`${outputPath}.part`)).toBe(false);
  expect(readFileSync(outputPath, 'utf8')).toBe('as it was');
  await expect(
    quantizeFile({ inputPath: text, outputPath, type: 'Q8_0', threads: 1, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ code: 'CANCELLED' });
});
