import { expect, test } from 'vitest';
import { cpuMsOfStat } from '../../tools/bench/speed/process-cpu.ts';

test('user and system time are summed, whatever the name of the process', () => {
  const stat = '4711 (node (main) x) S 1 4711 4711 0 -1 4194560 9000 0 12 0 250 75 3 4 20 0 11 0 99 1000 500';
  expect(cpuMsOfStat(stat)).toBe(3250);
});
