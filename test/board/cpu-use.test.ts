import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CpuUse } from '../../src/board/cpu-use.ts';
import { KernelFiles } from '../../src/board/kernel-files.ts';

test('each CPU is as busy as its ticks say since the last reading', async () => {
  const root = mkdtempSync(join(tmpdir(), 'scenecast-stat-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'proc'));
  const stat = (...cpus: string[]): void =>
    writeFileSync(join(root, 'proc/stat'), `cpu  1 1 1 1 1 1 1 1 0 0\n${cpus.join('\n')}\nintr 1\n`);
  const use = new CpuUse(new KernelFiles(root));
  stat('cpu0 100 0 0 900 0 0 0 0 50 0', 'cpu1 100 0 0 900 0 0 0 0 0 0');
  expect([...(await use.read())]).toEqual([]);
  // Of a hundred ticks, CPU 0 worked 75, ten of them for a guest; CPU 1 waited for a disk.
  stat('cpu0 150 0 25 925 0 0 0 0 60 0', 'cpu1 100 0 0 900 100 0 0 0 0 0', 'cpu2 1 0 0 1 0 0 0 0 0 0');
  expect([...(await use.read())]).toEqual([
    [0, 0.75],
    [1, 0],
  ]);
  expect([...(await use.read())]).toEqual([]);
});

test('a kernel that shows nothing gives nothing', async () => {
  expect((await new CpuUse(new KernelFiles('/none')).read()).size).toBe(0);
});
