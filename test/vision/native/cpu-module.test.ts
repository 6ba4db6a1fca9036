import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { chooseCpuModule, suitableCpuModule } from '../../../src/vision/native/cpu-module.ts';

const root = join(import.meta.dirname, '../../..');
const a720 = ['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2'];
const a76 = ['asimd', 'fp16', 'dotprod'];
const a53 = ['asimd'];

function folderWith(...modules: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-cpu-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of modules) writeFileSync(join(folder, `libggml-cpu-${name}.so`), '');
  return folder;
}

test('an Orion O6 gets the module without SVE', () => {
  const folder = folderWith('a720', 'a76', 'a72');
  expect(chooseCpuModule(a720, folder)).toBe(join(folder, 'libggml-cpu-a720.so'));
});

test.each([
  ['Raspberry Pi 5, RK3588, and A55 alone', a76],
  ['Raspberry Pi 4 and 3', a53],
  ['i8mm without bf16, which the module is compiled with', [...a76, 'i8mm']],
])('%s: the prebuilt ones are better', (_board, features) => {
  expect(chooseCpuModule(features, folderWith('a720', 'a76', 'a72'))).toBeNull();
});

test('no module is chosen if none suits, or the one that does is not built', () => {
  expect(chooseCpuModule([], folderWith('a720', 'a76', 'a72'))).toBeNull();
  expect(chooseCpuModule(a720, folderWith('a76', 'a72'))).toBeNull();
  expect(chooseCpuModule(a720, '/nowhere')).toBeNull();
  expect(suitableCpuModule([])).toBeNull();
  expect(suitableCpuModule(a720, '/nowhere')).toBe('/nowhere/libggml-cpu-a720.so');
});

test('the module that can be chosen is one that is built', () => {
  const script = readFileSync(join(root, 'scripts/build-cpu.sh'), 'utf8');
  const cmake = readFileSync(join(root, 'native/cpu/CMakeLists.txt'), 'utf8');
  const built = Array.from(cmake.matchAll(/CPU_MODULE STREQUAL (\w+)/g), ([, name]) => name!);
  const chosen = /cpu-(\w+)\.so/.exec(suitableCpuModule(a720)!)![1];
  expect(built).toContain(chosen);
  expect(script).toContain(`modules='${built.join(' ')}'`);
});
