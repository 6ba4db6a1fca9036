import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { chooseCpuModule, suitableCpuModule } from '../../../src/vision/native/cpu-module.ts';

const root = join(import.meta.dirname, '../../..');
const a720 = ['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2'];
const a76 = ['asimd', 'fp16', 'dotprod'];
const a53 = ['asimd'];
const sapphireRapids = ['avx512_bf16', 'amx_int8'];
const zen4 = ['avx512_bf16'];
const all = ['a720', 'a76', 'a72', 'sapphirerapids', 'cooperlake'];

function folderWith(...modules: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-cpu-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of modules) writeFileSync(join(folder, `libggml-cpu-${name}.so`), '');
  return folder;
}

test.each([
  ['an Orion O6', a720, 'a720'],
  ['Raspberry Pi 5, RK3588, and A55 alone', a76, 'a76'],
  ['Raspberry Pi 4 and 3', a53, 'a72'],
  ['i8mm without bf16, which the module is compiled with', [...a76, 'i8mm'], 'a76'],
  ['fp16 without dotprod', ['asimd', 'fp16'], 'a72'],
  ['a server with AMX', sapphireRapids, 'sapphirerapids'],
  ['a PC with AVX-512 in BF16', zen4, 'cooperlake'],
])('%s gets the best module whose instructions it has', (_board, features, name) => {
  const folder = folderWith(...all);
  expect(chooseCpuModule(features, folder)).toBe(join(folder, `libggml-cpu-${name}.so`));
});

test('no module is chosen if none suits, or the one that does is not built', () => {
  expect(chooseCpuModule([], folderWith(...all))).toBeNull();
  expect(chooseCpuModule(['amx_int8'], folderWith(...all))).toBeNull();
  expect(chooseCpuModule(a720, folderWith('a76', 'a72'))).toBeNull();
  expect(chooseCpuModule(a720, '/nowhere')).toBeNull();
  expect(suitableCpuModule([])).toBeNull();
  expect(suitableCpuModule(a720, '/nowhere')).toBe('/nowhere/libggml-cpu-a720.so');
});

test('every module that can be chosen is one that can be built', () => {
  const cmake = readFileSync(join(root, 'native/cpu/CMakeLists.txt'), 'utf8');
  const built = Array.from(cmake.matchAll(/CPU_MODULE STREQUAL (\w+)/g), ([, name]) => name!);
  const chosen = [a720, a76, a53, sapphireRapids, zen4].map(
    (features) => /cpu-(\w+)\.so/.exec(suitableCpuModule(features)!)![1],
  );
  expect(built).toEqual(chosen);
});
