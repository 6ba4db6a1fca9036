import { expect, test } from 'vitest';
import { formatCpuList, parseCpuList } from '../../src/board/cpu-list.ts';
import { isLittleCore } from '../../src/board/cpu-parts.ts';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardTree, type TreeChanges } from '../../tools/test/board-tree.ts';

const probe = async (fixture: string | null, changes: TreeChanges) =>
  probeBoard({ root: await boardTree(fixture, changes) });

const policy = (first: number) => `sys/devices/system/cpu/cpufreq/policy${first}`;
const midr = (cpu: number) => `sys/devices/system/cpu/cpu${cpu}/regs/identification/midr_el1`;

/** /proc/cpuinfo with these parts, CPU by CPU. */
function cpuinfo(parts: readonly string[], features = 'fp asimd asimdhp asimddp'): string {
  return parts
    .map(
      (part, cpu) =>
        `processor\t: ${cpu}\nFeatures\t: ${features}\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: ${part}\n`,
    )
    .join('\n');
}

test('offline CPUs are left out', async () => {
  const board = await probe('orion-o6-device-tree', { 'sys/devices/system/cpu/online': '0,5-8\n' });
  expect(board.clusters.map(({ cpus }) => cpus)).toEqual([[0], [5, 6], [7, 8]]);
  expect(board.allowedCpus).toEqual([0, 5, 6, 7, 8]);
});

test('affinity and cpuset both limit the allowed CPUs, not the clusters', async () => {
  const affinity = { 'proc/self/status': 'Cpus_allowed_list:\t1-4,9-11,40\n' };
  const board = await probe('orion-o6-device-tree', affinity);
  expect(board.allowedCpus).toEqual([1, 2, 3, 4, 9, 10, 11]);
  expect(board.clusters.flatMap(({ cpus }) => cpus)).toHaveLength(12);
  const group = 'sys/fs/cgroup/system.slice/cpuset.cpus.effective';
  expect((await probe('orion-o6-device-tree', { ...affinity, [group]: '0-9' })).allowedCpus).toEqual([
    1, 2, 3, 4, 9,
  ]);
});

test('lists that leave no CPU are ignored', async () => {
  const board = await probe('raspberry-pi-4', { 'proc/self/status': 'Cpus_allowed_list:\t64-71\n' });
  expect(board.allowedCpus).toEqual([0, 1, 2, 3]);
});

test('a little core comes last, regardless of its clock and number', async () => {
  const { clusters } = await probe('orion-o6-device-tree', {
    [`${policy(1)}/cpuinfo_max_freq`]: '3500000',
    [`${policy(0)}/cpuinfo_max_freq`]: null,
  });
  expect(clusters.map(({ name, maxClockMHz }) => [name, maxClockMHz])).toEqual([
    ['Cortex-A720', 2500],
    ['Cortex-A720', 2300],
    ['Cortex-A720', 2200],
    ['Cortex-A720', null],
    ['Cortex-A520', 3500],
  ]);
});

test('MIDR gives the part that /proc/cpuinfo lacks', async () => {
  const registers = Object.fromEntries(
    ['0x00000000410fd034', '0x00000000412fd0b1'].map((value, cpu) => [midr(cpu), `${value}\n`]),
  );
  const { clusters } = await probe(null, { 'sys/devices/system/cpu/online': '0-1', ...registers });
  expect(clusters).toEqual([
    { name: 'Cortex-A76', implementer: '0x41', part: '0xd0b', cpus: [1], maxClockMHz: null },
    { name: 'Cortex-A53', implementer: '0x41', part: '0xd03', cpus: [0], maxClockMHz: null },
  ]);
  expect(clusters.map(isLittleCore)).toEqual([false, true]);
});

test('an unknown part is named by its ids, and ranked between little and big', async () => {
  const { clusters } = await probe(null, { 'proc/cpuinfo': cpuinfo(['0xd05', '0xfff', '0xd0b']) });
  expect(clusters.map(({ name }) => name)).toEqual(['Cortex-A76', '0x41/0xfff', 'Cortex-A55']);
});

test('an old kernel writes features and part once for all CPUs', async () => {
  const shared =
    'Features\t: fp asimd crc32\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd03\n';
  const board = await probe(null, {
    'proc/cpuinfo': `Processor\t: AArch64 Processor rev 4 (aarch64)\nprocessor\t: 0\nprocessor\t: 1\n\n${shared}\nHardware\t: board\n`,
  });
  expect(board.clusters).toMatchObject([{ name: 'Cortex-A53', cpus: [0, 1] }]);
  expect(board.features).toEqual(['asimd']);
  expect(board.arch).toBe('arm64');
});

test('blocks need no empty lines between them', async () => {
  const text = cpuinfo(['0xd0c', '0xd0c']).replaceAll('\n\n', '\n');
  expect((await probe(null, { 'proc/cpuinfo': text })).clusters).toMatchObject([{ cpus: [0, 1] }]);
});

test('only features of every CPU count', async () => {
  const [big, little] = [cpuinfo(['0xd81'], 'asimd asimdhp asimddp i8mm bf16 sve'), cpuinfo(['0xd05'])];
  const text = `${big}\n${little.replace('processor\t: 0', 'processor\t: 1')}`;
  expect((await probe(null, { 'proc/cpuinfo': text })).features).toEqual(['asimd', 'fp16', 'dotprod']);
});

test('svei8mm is not i8mm', async () => {
  const text = cpuinfo(['0xd81'], 'asimd sve2 svei8mm svebf16');
  expect((await probe(null, { 'proc/cpuinfo': text })).features).toEqual(['asimd', 'sve2']);
});

test('on x86-64 features are called flags', async () => {
  const text = 'processor\t: 0\nflags\t\t: fpu avx2 avx512_bf16 amx_tile amx_int8\n';
  expect((await probe(null, { 'proc/cpuinfo': text })).features).toEqual(['avx512_bf16', 'amx_int8']);
});

test('a 32-bit kernel is recognised', async () => {
  const text = cpuinfo(['0xd08']).replace('architecture: 8', 'architecture: 7');
  expect((await probe(null, { 'proc/cpuinfo': text })).arch).toBe('arm');
});

test('clocks without policies are read from the CPUs, and nonsense is ignored', async () => {
  const changes = (clock: string) => ({
    'proc/cpuinfo': cpuinfo(['0xd0b']),
    'sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq': clock,
  });
  expect((await probe(null, changes('2400000'))).clusters[0]?.maxClockMHz).toBe(2400);
  for (const clock of ['0', '4294967295', '-1', 'fast'])
    expect((await probe(null, changes(clock))).clusters[0]?.maxClockMHz).toBeNull();
});

test('lists of CPUs', () => {
  expect(parseCpuList('0-3,8,10-11\n')).toEqual([0, 1, 2, 3, 8, 10, 11]);
  expect(parseCpuList('9 10')).toEqual([9, 10]);
  expect(parseCpuList('\n')).toEqual([]);
  for (const text of ['3-1', '0-99999999', 'x', '1-', '-1', '0x1']) expect(parseCpuList(text)).toBeNull();
  expect(formatCpuList([0, 5, 6, 7, 11])).toBe('0, 5-7, 11');
});
