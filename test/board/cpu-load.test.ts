import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cpuLoadBetween, readCpuTimes } from '../../src/board/cpu-load.ts';
import { KernelFiles } from '../../src/board/kernel-files.ts';

const statLine = (pid: number, name: string, ticks: readonly number[]): string =>
  `${pid} (${name}) S 1 1 1 0 -1 4194560 1 0 0 0 ${ticks.join(' ')} 20 0 1 0 5 0 0\n`;

function procOf(stat: string, processes: Readonly<Record<number, string>>): KernelFiles {
  const root = mkdtempSync(join(tmpdir(), 'scenecast-load-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'proc'));
  writeFileSync(join(root, 'proc/stat'), stat);
  for (const [pid, line] of Object.entries(processes)) {
    mkdirSync(join(root, 'proc', pid));
    writeFileSync(join(root, 'proc', pid, 'stat'), line);
  }
  return new KernelFiles(root);
}

test('all CPU time counts but idle and waiting for disks, and names may hold spaces and brackets', async () => {
  const files = procOf('cpu  100 20 30 9000 800 4 6 40 7 7\ncpu0 1 1 1 1 1 1 1 1 0 0\n', {
    7: statLine(7, 'Web Content (2)', [150, 50, 0, 0]),
    9: 'not a line of the kernel',
  });
  const times = await readCpuTimes(files);
  expect(times!.allSeconds).toBeCloseTo(2, 5);
  expect([...times!.processes]).toEqual([[7, { name: 'Web Content (2)', seconds: 2 }]]);
});

test('without /proc/stat the load is unknown', async () => {
  expect(await readCpuTimes(procOf('intr 5\n', {}))).toBeNull();
});

test('this process and its exited children are not others, whoever else is named by its share', async () => {
  const at = (atMs: number, all: number, own: number, busy: number) => ({
    ...{ atMs, allSeconds: all, ownSeconds: own },
    processes: new Map([
      [process.pid, { name: 'node', seconds: own }],
      [5, { name: 'ffmpeg', seconds: busy }],
      [6, { name: 'sshd', seconds: 1 }],
    ]),
  });
  expect(cpuLoadBetween(at(1000, 50, 10, 20), at(3000, 57, 13, 22))).toEqual({
    otherCpus: 2,
    busiest: [{ name: 'ffmpeg', cpus: 1 }],
  });
  expect(cpuLoadBetween(at(1000, 50, 10, 20), at(3000, 52, 12.5, 20)).otherCpus).toBe(0);
});

test('on this machine, the CPU time of this process is its own', async () => {
  const files = new KernelFiles('/');
  const before = await readCpuTimes(files);
  const start = process.cpuUsage();
  while (process.cpuUsage(start).user < 100_000);
  const after = await readCpuTimes(files);
  expect(after!.ownSeconds - before!.ownSeconds).toBeGreaterThan(0.05);
  expect(after!.allSeconds).toBeGreaterThan(before!.allSeconds);
});
