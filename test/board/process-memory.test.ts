import { expect, test } from 'vitest';
import { KernelFiles } from '../../src/board/kernel-files.ts';
import { readProcessMemory } from '../../src/board/process-memory.ts';
import { boardTree } from '../../tools/test/board-tree.ts';

test("a process's memory now and at its peak; null once it has exited", async () => {
  const status = 'Name:\tnode\nVmPeak:\t 9999 kB\nVmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\n';
  const files = new KernelFiles(await boardTree(null, { 'proc/4711/status': status }));
  expect(await readProcessMemory(files, 4711, 'VmRSS')).toBe(2 * 2 ** 20);
  expect(await readProcessMemory(files, 4711, 'VmHWM')).toBe(4 * 2 ** 20);
  expect(await readProcessMemory(files, 4712, 'VmHWM')).toBeNull();
});
