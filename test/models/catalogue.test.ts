import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { type CatalogueEntry, loadCatalogue, ramNeedOf, sizeOf } from '../../src/models/catalogue.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-catalogue-'));
  return () => rmSync(folder, { recursive: true });
});

const catalogue = loadCatalogue();
const entryOf = (name: string): CatalogueEntry => catalogue.find((entry) => entry.name === name)!;

test('it has models of every kind that libmtmd runs well on boards, with a shape each', () => {
  const projectors = new Set(catalogue.map(({ name, shape }) => shape?.projector ?? `${name} has no shape`));
  expect([...projectors].sort()).toEqual([
    ...['gemma3', 'gemma4v', 'idefics3', 'internvl', 'lfm2', 'mlp'],
    ...['qwen2.5vl_merger', 'qwen3vl_merger', 'resampler'],
  ]);
});

test('a digest is that of one file only', () => {
  const files = catalogue.flatMap(({ sources }) => sources.flatMap(({ text, mmproj }) => [text, mmproj]));
  const known = files.filter(({ sha256 }) => sha256 !== null);
  const named = new Set(known.map(({ file, sha256 }) => `${sha256} ${file}`));
  expect(named.size).toBe(new Set(known.map(({ sha256 }) => sha256)).size);
});

test("LLaVA 1.6 Vicuna comes from the repository of Radxa's guide first", () => {
  const [first, second] = entryOf('llava-1.6-vicuna-7b').sources;
  expect(first).toMatchObject({
    at: 'modelscope:radxa/llava-v1.6-vicuna-7b-gguf',
    text: { file: 'llava-v1.6-vicuna-7B-Q5_K_M.gguf' },
    mmproj: { file: 'mmproj-model-f16.gguf' },
  });
  expect(second?.at).toMatch(/^hf:/);
});

test("the tower's type is the one that its files are named after", () => {
  for (const { name, tower, sources } of catalogue)
    for (const { mmproj } of sources)
      expect([name, /f16|q8_0/i.exec(mmproj.file)?.[0].toUpperCase()]).toEqual([name, tower]);
});

test('the RAM need is weights, KV cache and buffers', () => {
  const entry = entryOf('llava-1.6-vicuna-7b');
  const ram = ramNeedOf(entry)!;
  // n_ctx 4096 of a Llama 2 7B in F16: 2,048 MiB, as llama.cpp itself reports.
  expect(ram.kvBytes).toBe(2048 * 2 ** 20);
  expect(ram.weightsBytes).toBe(sizeOf(entry.sources[0]!));
  expect(ram.totalBytes).toBe(ram.weightsBytes + ram.kvBytes + ram.buffersBytes);
});

test('without a known size there is no RAM need', () => {
  const entry = structuredClone(entryOf('moondream2'));
  entry.sources[0]!.mmproj.sizeBytes = null;
  expect(ramNeedOf(entry)).toBeNull();
});

const good = `
- name: a
  title: A
  engine: mtmd
  quant: Q8_0
  tower: Q8_0
  template: null
  licence: MIT
  languages: English
  contextTokens: 10
  kv: { layers: 1, width: 1 }
  sources:
    - at: hf:a/b
      text: { file: x.gguf, sizeBytes: 1, sha256: null }
      mmproj: { file: mmproj.gguf, sizeBytes: 1, sha256: null }
`;

test.each([
  ['', '', null],
  ['name: a', 'name: ../a', /at \[0\]\.name/],
  ['at: hf:a/b', 'at: ftp:a/b', /must be hf:owner\/repo/],
  ['file: x.gguf', 'file: ../x.gguf', /must be the name of a \.gguf file/],
  ['file: x.gguf', 'file: mmproj-x.gguf', /must not have "mmproj" in its name/],
  ['file: mmproj.gguf', 'file: y.gguf', /must have "mmproj" in its name/],
  ['engine: mtmd', 'engine: other', /at \[0\]\.engine/],
  ['sha256: null', 'sha256: abc', /must be 64 hexadecimal digits/],
  ['quant: Q8_0', 'quant: Q8_0\n  colour: red', /colour/],
  ['tower: Q8_0', 'tower: Q9_0', /tower/],
])('a catalogue with %j as %j is checked', (from, to, message) => {
  const path = join(folder, 'catalogue.yaml');
  writeFileSync(path, good.replace(from, to));
  if (message === null) expect(loadCatalogue(pathToFileURL(path))).toHaveLength(1);
  else expect(() => loadCatalogue(pathToFileURL(path))).toThrow(message);
});

test('a duplicate name is an error', () => {
  const path = join(folder, 'twice.yaml');
  writeFileSync(path, `${good}${good}`);
  expect(() => loadCatalogue(pathToFileURL(path))).toThrow(/a: duplicate name/);
});
