import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readCpuFeatures } from '../../src/vision/cpu-features.ts';

function cpuinfo(...features: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-cpuinfo-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'cpuinfo');
  const processors = features.map((list, number) => `processor\t: ${number}\nFeatures\t: ${list}\n`);
  writeFileSync(path, processors.join('\n'));
  return path;
}

test("the kernel's names become ours", () => {
  const rk3588 =
    'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp';
  expect(readCpuFeatures(cpuinfo(rk3588))).toEqual(['asimd', 'fp16', 'dotprod']);
  const a720 = 'fp asimd asimdhp asimddp sve sve2 i8mm svei8mm bf16';
  expect(readCpuFeatures(cpuinfo(a720))).toEqual(['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2']);
});

test('a feature that one processor lacks does not count', () => {
  expect(readCpuFeatures(cpuinfo('asimd asimddp i8mm', 'asimd asimddp'))).toEqual(['asimd', 'dotprod']);
});

test('on another architecture there are none', () => {
  expect(readCpuFeatures(cpuinfo())).toEqual([]);
});
