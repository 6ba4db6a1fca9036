import { expect, test } from 'vitest';
import { readBoardHealth } from '../../src/board/read-board-health.ts';
import { boardTree } from '../../tools/test/board-tree.ts';

const limit = 'sys/devices/system/cpu/cpufreq/policy6/scaling_max_freq';

test('reports the hottest sensor, the memory, and throttling', async () => {
  const root = await boardTree('rock-5b', {
    [limit]: '1608000',
    'sys/class/thermal/thermal_zone3/temp': '91234',
    'proc/4711/status': 'Name:\tnode\nVmRSS:\t  2048 kB\n',
  });
  const { board, memory } = await readBoardHealth([4711], root);
  expect(board).toMatchObject({ temperatureC: 91.2, clockLimited: true, underVoltage: null });
  expect(board.memoryTotalBytes).toBeGreaterThan(board.memoryAvailableBytes);
  expect(board.memoryAvailableBytes).toBeGreaterThan(0);
  expect(memory.engineBytes).toBe(2048 * 1024);
  expect(memory.daemonBytes).toBeGreaterThan(10e6);
});

test('under-voltage is reported if the firmware shows it', async () => {
  const root = await boardTree('rock-5b', {
    'sys/devices/platform/soc/soc:firmware/get_throttled': '50005',
  });
  expect((await readBoardHealth([], root)).board.underVoltage).toBe(true);
});

test('a kernel that shows nothing and a process that has exited are no failure', async () => {
  const { board, memory } = await readBoardHealth([4711], await boardTree(null));
  expect(board).toEqual({
    temperatureC: null,
    memoryAvailableBytes: 0,
    memoryTotalBytes: 0,
    clockLimited: null,
    underVoltage: null,
  });
  expect(memory.engineBytes).toBeNull();
});

test('this machine, with this process as the engine', async () => {
  const { board, memory } = await readBoardHealth([process.pid]);
  expect(board.memoryTotalBytes).toBeGreaterThan(1e8);
  expect(memory.engineBytes).toBeGreaterThan(10e6);
});
