import type { Board, CpuCluster } from '../../src/board/board.ts';

const MiB = 1024 ** 2;
const GB = 1000 ** 3;

const core = (
  name: string,
  part: string,
  cpus: readonly number[],
  maxClockMHz: number | null,
): CpuCluster => ({
  ...{ name, implementer: '0x41', part, cpus, maxClockMHz },
});
const a720 = (cpus: readonly number[], clock: number) => core('Cortex-A720', '0xd81', cpus, clock);
const a520 = (cpus: readonly number[]) => core('Cortex-A520', '0xd80', cpus, 1800);
const upTo = (count: number) => Array.from({ length: count }, (_, cpu) => cpu);
const armv9 = ['asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2'] as const;
const free = { limitBytes: null, limitAvailableBytes: null } as const;
const noSwap = { swapTotalBytes: 0, swapFreeBytes: 0 } as const;
const hugePages = { count: 0, sizeBytes: 2 * MiB } as const;
const unthrottled = { isClockLimited: false, isUnderVoltage: null, wasUnderVoltage: null } as const;
const storage = (kind: NonNullable<Board['storage']>['kind'], total: number, left: number) => ({
  ...{ folder: '/', kind, totalBytes: total * GB, freeBytes: left * GB },
});
const kB = (total: number, available: number) => ({
  ...{ totalBytes: total * 1024, availableBytes: available * 1024 },
});

/** The expected probe result of each board in test/board/fixtures. */
export const fixtureBoards: Readonly<Record<string, Board>> = {
  'orion-o6-device-tree': {
    model: 'Radxa Orion O6',
    arch: 'arm64',
    clusters: [
      a720([0, 11], 2600),
      a720([9, 10], 2500),
      a720([5, 6], 2300),
      a720([7, 8], 2200),
      a520([1, 2, 3, 4]),
    ],
    features: armv9,
    allowedCpus: upTo(12),
    cpuQuota: null,
    memory: {
      ...{ ...kB(15587328, 14778368), ...free, hugePages, transparentHugePages: 'madvise' },
      ...{ swapTotalBytes: 1000444 * 1024, swapFreeBytes: 1000444 * 1024 },
    },
    storage: storage('nvme', 248, 228),
    temperatures: [
      { zone: 'thermal-zone4', celsius: 28 },
      { zone: 'nvme', celsius: 31.9 },
    ],
    throttling: unthrottled,
  },
  'orion-o6-acpi': {
    model: 'Radxa Orion O6',
    arch: 'arm64',
    clusters: [
      a720([0, 1], 2600),
      a720([10, 11], 2500),
      a720([6, 7], 2300),
      a720([8, 9], 2200),
      a520([2, 3, 4, 5]),
    ],
    features: armv9,
    allowedCpus: upTo(12),
    cpuQuota: null,
    memory: { ...kB(32116736, 30901000), ...free, ...noSwap, hugePages, transparentHugePages: 'always' },
    storage: storage('nvme', 1000, 900),
    temperatures: [{ zone: 'acpitz', celsius: 32 }],
    throttling: unthrottled,
  },
  'orion-o6-no-a520': {
    model: 'Radxa Orion O6',
    arch: 'arm64',
    clusters: [a720([0, 1], 2600), a720([6, 7], 2500), a720([2, 3], 2300), a720([4, 5], 2200)],
    features: armv9,
    allowedCpus: upTo(8),
    cpuQuota: null,
    memory: { ...kB(15587328, 14778368), ...free, ...noSwap, hugePages, transparentHugePages: 'madvise' },
    storage: storage('nvme', 248, 228),
    temperatures: [],
    throttling: unthrottled,
  },
  'rock-5b': {
    model: 'Radxa ROCK 5B',
    arch: 'arm64',
    clusters: [
      core('Cortex-A76', '0xd0b', [4, 5, 6, 7], 2400),
      core('Cortex-A55', '0xd05', [0, 1, 2, 3], 1800),
    ],
    features: ['asimd', 'fp16', 'dotprod'],
    allowedCpus: upTo(8),
    cpuQuota: null,
    memory: { ...kB(16082944, 15830000), ...free, ...noSwap, hugePages, transparentHugePages: 'madvise' },
    storage: storage('emmc', 61, 48),
    temperatures: [
      { zone: 'soc-thermal', celsius: 36.1 },
      { zone: 'bigcore0-thermal', celsius: 36.1 },
      { zone: 'bigcore1-thermal', celsius: 36.1 },
      { zone: 'littlecore-thermal', celsius: 36.1 },
      { zone: 'center-thermal', celsius: 35.2 },
      { zone: 'gpu-thermal', celsius: 35.2 },
      { zone: 'npu-thermal', celsius: 35.2 },
    ],
    throttling: unthrottled,
  },
  'raspberry-pi-5': {
    model: 'Raspberry Pi 5 Model B Rev 1.1',
    arch: 'arm64',
    clusters: [core('Cortex-A76', '0xd0b', [0, 1, 2, 3], 2400)],
    features: ['asimd', 'fp16', 'dotprod'],
    allowedCpus: upTo(4),
    cpuQuota: null,
    memory: {
      ...{ ...kB(16609280, 16130000), ...free, hugePages, transparentHugePages: null },
      ...{ swapTotalBytes: 524272 * 1024, swapFreeBytes: 268752 * 1024 },
    },
    storage: storage('sd', 62.5, 50),
    temperatures: [{ zone: 'cpu-thermal', celsius: 44.6 }],
    throttling: { isClockLimited: false, isUnderVoltage: false, wasUnderVoltage: null },
  },
  'raspberry-pi-4': {
    model: 'Raspberry Pi 4 Model B Rev 1.5',
    arch: 'arm64',
    clusters: [core('Cortex-A72', '0xd08', [0, 1, 2, 3], 1800)],
    features: ['asimd'],
    allowedCpus: upTo(4),
    cpuQuota: null,
    memory: {
      ...{ ...kB(3885396, 3610000), ...free, hugePages, transparentHugePages: null },
      ...{ swapTotalBytes: 102396 * 1024, swapFreeBytes: 102396 * 1024 },
    },
    storage: storage('sd', 31, 24),
    temperatures: [{ zone: 'cpu-thermal', celsius: 54.5 }],
    throttling: { isClockLimited: false, isUnderVoltage: true, wasUnderVoltage: true },
  },
  'raspberry-pi-3': {
    model: 'Raspberry Pi 3 Model B Rev 1.2',
    arch: 'arm64',
    clusters: [core('Cortex-A53', '0xd03', [0, 1, 2, 3], 1200)],
    features: ['asimd'],
    allowedCpus: upTo(4),
    cpuQuota: null,
    memory: {
      ...{ ...kB(949328, 884628), ...free, hugePages, transparentHugePages: null },
      ...{ swapTotalBytes: 102396 * 1024, swapFreeBytes: 102392 * 1024 },
    },
    storage: storage('sd', 15.5, 9),
    temperatures: [{ zone: 'cpu-thermal', celsius: 47.2 }],
    throttling: unthrottled,
  },
  'cloud-vm': {
    model: 'Hetzner vServer',
    arch: 'arm64',
    clusters: [core('Neoverse-N1', '0xd0c', [0, 1], null)],
    features: ['asimd', 'fp16', 'dotprod'],
    allowedCpus: upTo(2),
    cpuQuota: 1.5,
    memory: {
      ...{ ...kB(3913952, 3540000), ...noSwap, hugePages, transparentHugePages: 'madvise' },
      // Of 2 GiB for the whole slice 900 MiB are used, 310 of them by caches.
      ...{ limitBytes: 2048 * MiB, limitAvailableBytes: (2048 - 900 + 310) * MiB },
    },
    storage: storage('virtual', 40, 31),
    temperatures: [],
    throttling: null,
  },
  'laptop-x86': {
    model: 'LENOVO 20N3S5RA00',
    arch: 'x64',
    clusters: [
      {
        ...{ name: 'Intel(R) Core(TM) i7-8565U CPU @ 1.80GHz', implementer: null, part: null },
        ...{ cpus: upTo(8), maxClockMHz: 4600 },
      },
    ],
    features: [],
    allowedCpus: upTo(8),
    cpuQuota: null,
    memory: {
      ...{ ...kB(16166912, 11200000), ...free, hugePages, transparentHugePages: 'madvise' },
      ...{ swapTotalBytes: 8388604 * 1024, swapFreeBytes: 8388604 * 1024 },
    },
    storage: storage('nvme', 502, 200),
    temperatures: [
      { zone: 'acpitz', celsius: 51 },
      { zone: 'pch_cannonlake', celsius: 43 },
      { zone: 'x86_pkg_temp', celsius: 51 },
      { zone: 'coretemp', celsius: 51 },
    ],
    throttling: unthrottled,
  },
};
