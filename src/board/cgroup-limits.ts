import { posix } from 'node:path';
import { parseCpuList } from './cpu-list.ts';
import { type KernelFiles, wholeNumber } from './kernel-files.ts';
import { isWithin, type Mount } from './mount-table.ts';

/** The limits of a process's cgroups. */
export interface CgroupLimits {
  /** CPU time, in CPUs; null: no limit. */
  readonly cpuQuota: number | null;
  /** null: unknown. */
  readonly cpus: readonly number[] | null;
  readonly memory: MemoryLimit | null;
}

/** See `Board.memory`. */
export interface MemoryLimit {
  readonly limitBytes: number;
  readonly limitAvailableBytes: number;
}

type Controller = 'cpu' | 'cpuset' | 'memory';

/** The folders of a process's cgroup and those above it, its own first. */
interface Chain {
  readonly version: 1 | 2;
  readonly folders: readonly string[];
}

/**
 * Reads the limits of this process's cgroup and all its ancestors: the tightest one applies. Controllers of version 1
 * and 2 may coexist (cgroups(7)). The ancestors of a container's own cgroups are not visible inside it.
 */
export async function readCgroupLimits(files: KernelFiles, mounts: readonly Mount[]): Promise<CgroupLimits> {
  const membership = (await files.text('/proc/self/cgroup')) ?? '';
  const chainOf = (controller: Controller): Chain => cgroupChain(controller, membership, mounts);
  return {
    cpuQuota: await readCpuQuota(files, chainOf('cpu')),
    cpus: await readCpuset(files, chainOf('cpuset')),
    memory: await readMemoryLimit(files, chainOf('memory')),
  };
}

function cgroupChain(controller: Controller, membership: string, mounts: readonly Mount[]): Chain {
  const lines = membership.split('\n').map((line) => /^(\d+):([^:]*):(\/.*)$/.exec(line));
  const own = lines.find((line) => line?.[1] !== '0' && line?.[2]?.split(',').includes(controller));
  const line = own ?? lines.find((line) => line?.[1] === '0');
  const mount = own
    ? mounts.find(({ fsType, options }) => fsType === 'cgroup' && options.includes(controller))
    : mounts.find(({ fsType }) => fsType === 'cgroup2');
  if (!line || !mount) return { version: own ? 1 : 2, folders: [] };
  // A container may see only its own part of the tree, mounted as the root.
  const path = posix.normalize(line[3]!);
  const inner = isWithin(path, mount.root) ? posix.relative(mount.root, path) : '';
  const folders: string[] = [];
  for (let folder = posix.join('/', inner); ; folder = posix.dirname(folder)) {
    folders.push(posix.join(mount.mountPoint, folder));
    if (folder === '/') break;
  }
  return { version: own ? 1 : 2, folders };
}

async function readCpuQuota(files: KernelFiles, { version, folders }: Chain): Promise<number | null> {
  const quotas: number[] = [];
  for (const folder of folders) {
    const [quota, period] =
      version === 2
        ? ((await files.text(`${folder}/cpu.max`)) ?? '').trim().split(/\s+/).map(wholeNumber)
        : [
            await files.number(`${folder}/cpu.cfs_quota_us`),
            await files.number(`${folder}/cpu.cfs_period_us`),
          ];
    if (quota && period && quota > 0 && period > 0) quotas.push(quota / period);
  }
  return quotas.length === 0 ? null : Math.min(...quotas);
}

async function readCpuset(
  files: KernelFiles,
  { version, folders }: Chain,
): Promise<readonly number[] | null> {
  // A cgroup has this file only if the controller is enabled; otherwise its nearest ancestor's applies.
  const names = version === 2 ? ['cpuset.cpus.effective'] : ['cpuset.effective_cpus', 'cpuset.cpus'];
  for (const folder of folders)
    for (const name of names) {
      const cpus = parseCpuList(await files.text(`${folder}/${name}`));
      if (cpus && cpus.length > 0) return cpus;
    }
  return null;
}

async function readMemoryLimit(files: KernelFiles, { version, folders }: Chain): Promise<MemoryLimit | null> {
  const found: MemoryLimit[] = [];
  for (const folder of folders) {
    const stat = parseStat((await files.text(`${folder}/memory.stat`)) ?? '');
    const limits =
      version === 2
        ? // Above memory.high the kernel does not kill the process but throttles it severely.
          [await files.number(`${folder}/memory.max`), await files.number(`${folder}/memory.high`)]
        : // The second includes the cgroups above the container.
          [await files.number(`${folder}/memory.limit_in_bytes`), stat.get('hierarchical_memory_limit')];
    const limitBytes = Math.min(...limits.map((limit) => limit ?? Number.POSITIVE_INFINITY));
    if (limitBytes === Number.POSITIVE_INFINITY) continue;
    const used = await files.number(
      `${folder}/${version === 2 ? 'memory.current' : 'memory.usage_in_bytes'}`,
    );
    const cache = version === 2 ? droppableV2 : droppableV1;
    const droppable = cache.reduce((sum, name) => sum + (stat.get(name) ?? 0), 0);
    const limitAvailableBytes = Math.max(0, limitBytes - Math.max(0, (used ?? 0) - droppable));
    found.push({ limitBytes, limitAvailableBytes });
  }
  if (found.length === 0) return null;
  return {
    limitBytes: Math.min(...found.map(({ limitBytes }) => limitBytes)),
    limitAvailableBytes: Math.min(...found.map(({ limitAvailableBytes }) => limitAvailableBytes)),
  };
}

/** Page cache and kernel caches. Not shared memory, which can only be swapped out. */
const droppableV2 = ['inactive_file', 'active_file', 'slab_reclaimable'];
const droppableV1 = ['total_inactive_file', 'total_active_file'];

function parseStat(text: string): ReadonlyMap<string, number> {
  const stat = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, digits] = line.split(' ');
    const value = wholeNumber(digits ?? '');
    if (name && value !== null) stat.set(name, value);
  }
  return stat;
}
