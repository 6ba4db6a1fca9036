import { expect, test } from 'vitest';
import { probeBoard } from '../../src/board/probe-board.ts';
import { boardTree, type TreeChanges } from '../../tools/test/board-tree.ts';

const MiB = 1024 ** 2;
const slice = 'sys/fs/cgroup/system.slice';
const service = `${slice}/scenecast.service`;

const probe = async (fixture: string, changes: TreeChanges) =>
  probeBoard({ root: await boardTree(fixture, changes) });

test('the lowest limit of all levels counts', async () => {
  const { memory } = await probe('cloud-vm', { [`${slice}/memory.max`]: 'max' });
  // memory.high of the service, 2560 MiB: of it 300 MiB are taken, 82 of them by caches.
  expect(memory.limitBytes).toBe(2560 * MiB);
  expect(memory.limitAvailableBytes).toBe((2560 - 300 + 82) * MiB);
});

test('a lower quota above the own cgroup counts', async () => {
  expect((await probe('cloud-vm', { [`${slice}/cpu.max`]: '50000 100000' })).cpuQuota).toBe(0.5);
  expect((await probe('cloud-vm', { [`${service}/cpu.max`]: 'max 100000' })).cpuQuota).toBeNull();
});

test('the remainder is that of the level with the least left', async () => {
  const { memory } = await probe('cloud-vm', {
    [`${slice}/memory.max`]: `${8192 * MiB}`,
    [`${slice}/memory.current`]: `${8100 * MiB}`,
    [`${slice}/memory.stat`]: 'inactive_file 0',
  });
  expect(memory.limitBytes).toBe(2560 * MiB);
  expect(memory.limitAvailableBytes).toBe(92 * MiB);
});

test('usage above the limit leaves 0', async () => {
  const { memory } = await probe('cloud-vm', {
    [`${slice}/memory.current`]: `${4096 * MiB}`,
    [`${slice}/memory.stat`]: null,
  });
  expect(memory.limitAvailableBytes).toBe(0);
});

test('shared memory is not counted as a cache that can be dropped', async () => {
  const { memory } = await probe('cloud-vm', {
    [`${slice}/memory.current`]: `${1000 * MiB}`,
    [`${slice}/memory.stat`]: `file ${600 * MiB}\nshmem ${600 * MiB}\ninactive_file 0\nactive_file 0`,
  });
  expect(memory.limitAvailableBytes).toBe(1048 * MiB);
});

const v1 = (controller: string) => `sys/fs/cgroup/${controller}/system.slice/scenecast.service`;

test('version 1: limit, quota and cpuset', async () => {
  const board = await probe('rock-5b', {
    [`${v1('memory')}/memory.limit_in_bytes`]: `${4096 * MiB}`,
    [`${v1('memory')}/memory.usage_in_bytes`]: `${1000 * MiB}`,
    [`${v1('memory')}/memory.stat`]: `cache 1\ntotal_inactive_file ${200 * MiB}\ntotal_active_file ${100 * MiB}`,
    [`${v1('cpu,cpuacct')}/cpu.cfs_quota_us`]: '250000',
    'sys/fs/cgroup/cpuset/cpuset.effective_cpus': '4-5',
  });
  expect(board.memory.limitBytes).toBe(4096 * MiB);
  expect(board.memory.limitAvailableBytes).toBe((4096 - 1000 + 300) * MiB);
  expect(board.cpuQuota).toBe(2.5);
  expect(board.allowedCpus).toEqual([4, 5]);
});

test('version 1: a lower limit above counts, even if only memory.stat shows it', async () => {
  const above = { 'sys/fs/cgroup/memory/system.slice/memory.limit_in_bytes': `${512 * MiB}` };
  expect((await probe('rock-5b', above)).memory.limitBytes).toBe(512 * MiB);
  const unseen = { [`${v1('memory')}/memory.stat`]: `hierarchical_memory_limit ${256 * MiB}` };
  expect((await probe('rock-5b', unseen)).memory.limitBytes).toBe(256 * MiB);
});

const dockerMounts = (root: string) =>
  [
    '50 40 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w',
    `51 50 0:29 ${root} /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory`,
  ].join('\n');

test('a container sees its own cgroup as the root', async () => {
  const files = {
    'proc/self/cgroup': '5:memory:/docker/0123abcd\n0::/docker/0123abcd',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${1024 * MiB}`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '0',
  };
  for (const root of ['/docker/0123abcd', '/docker', '/another'])
    expect(
      (await probe('rock-5b', { ...files, 'proc/self/mountinfo': dockerMounts(root) })).memory.limitBytes,
    ).toBe(1024 * MiB);
});

test('the deepest cgroup below the mounted part of the tree is used', async () => {
  const { memory } = await probe('rock-5b', {
    'proc/self/cgroup': '5:memory:/docker/0123abcd',
    'proc/self/mountinfo': dockerMounts('/docker'),
    'sys/fs/cgroup/memory/0123abcd/memory.limit_in_bytes': `${64 * MiB}`,
  });
  expect(memory.limitBytes).toBe(64 * MiB);
});

test('a process outside every mounted cgroup has no limits', async () => {
  const { memory, cpuQuota } = await probe('cloud-vm', { 'proc/self/cgroup': '0::/' });
  expect(memory.limitBytes).toBeNull();
  expect(cpuQuota).toBeNull();
});
