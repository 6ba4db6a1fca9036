import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardFixtures } from '../../tools/test/board-tree.ts';
import { fixtureBoards } from './fixture-boards.ts';

test('every fixture has its expected board', async () => {
  expect((await readdir(boardFixtures)).sort()).toEqual(Object.keys(fixtureBoards).sort());
});

for (const [name, board] of Object.entries(fixtureBoards))
  test(`probes ${name}`, async () => {
    expect(await probeBoard({ root: join(boardFixtures, name) })).toEqual(board);
  });

test('the probe of this machine has what every machine has', async () => {
  const board = await probeBoard({ modelsFolder: '/not/there/yet' });
  expect(board.arch).toBe(process.arch);
  const cpus = board.clusters.flatMap((cluster) => cluster.cpus);
  expect(new Set(cpus).size).toBe(cpus.length);
  expect(cpus.length).toBeGreaterThan(0);
  expect(cpus).toEqual(expect.arrayContaining([...board.allowedCpus]));
  // Node asks the kernel for this process's affinity.
  expect(board.allowedCpus.length).toBeLessThanOrEqual(Math.max(1, cpus.length));
  expect(availableParallelism()).toBeLessThanOrEqual(board.allowedCpus.length);
  const { memory, storage } = board;
  expect(memory.totalBytes).toBeGreaterThan(memory.availableBytes);
  expect(memory.availableBytes).toBeGreaterThan(0);
  expect(memory.limitAvailableBytes ?? 0).toBeLessThanOrEqual(memory.limitBytes ?? 0);
  expect(storage?.folder).toBe('/not/there/yet');
  expect(storage!.totalBytes).toBeGreaterThanOrEqual(storage!.freeBytes);
  if (process.arch === 'arm64') expect(board.features).toContain('asimd');
});
