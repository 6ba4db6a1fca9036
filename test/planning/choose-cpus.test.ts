import { expect, test } from 'vitest';
import { chooseCpus } from '../../src/planning/choose-cpus.ts';
import { boardWith } from '../board/sample-board.ts';

test('the big cores, regardless of their numbers', () => {
  expect(chooseCpus(boardWith(), null)).toEqual({
    cpus: [0, 1, 6, 7, 8, 9, 10, 11],
    threads: 8,
    reason: 'one for each Cortex-A720; Cortex-A520 would slow down every step',
  });
});

test('only cores that this process may use', () => {
  const board = boardWith({ allowedCpus: [0, 2, 3, 11] });
  expect(chooseCpus(board, null)).toMatchObject({ cpus: [0, 11], threads: 2 });
});

test('the little cores if there are no others to use', () => {
  expect(chooseCpus(boardWith({ allowedCpus: [2, 3] }), null)).toMatchObject({ cpus: null, threads: 2 });
});

test('no affinity if all cores are alike', () => {
  const cluster = {
    name: 'Cortex-A76',
    implementer: '0x41',
    part: '0xd0b',
    cpus: [0, 1, 2, 3],
    maxClockMHz: 2400,
  };
  const board = boardWith({ clusters: [cluster], allowedCpus: [0, 1, 2, 3] });
  expect(chooseCpus(board, null)).toMatchObject({ cpus: null, threads: 4 });
});

test.each([
  [1.5, 1],
  [0.5, 1],
  [3, 3],
  [64, 8],
])('a quota of %d CPUs allows %d threads', (cpuQuota, threads) => {
  expect(chooseCpus(boardWith({ cpuQuota }), null).threads).toBe(threads);
});

test('the config’s number of threads, on the big cores', () => {
  expect(chooseCpus(boardWith(), 3)).toEqual({
    cpus: [0, 1, 6, 7, 8, 9, 10, 11],
    threads: 3,
    reason: 'model.threads',
  });
});

test('a board without clusters, from the CPUs that are allowed', () => {
  expect(chooseCpus(boardWith({ clusters: [], allowedCpus: [0, 1] }), null)).toMatchObject({ threads: 2 });
});
