import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardTree } from '../../tools/test/board-tree.ts';

test('a FIFO in place of a file does not block the probe', async () => {
  const root = await boardTree('raspberry-pi-4', { 'proc/cpuinfo': null, 'proc/meminfo': null });
  execFileSync('mkfifo', [join(root, 'proc/cpuinfo'), join(root, 'proc/meminfo')]);
  const board = await probeBoard({ root });
  expect(board.clusters.map(({ name }) => name)).toEqual(['unknown']);
  expect(board.memory.totalBytes).toBe(0);
});
