import { resolve } from 'node:path';
import type { Board } from './board.ts';
import { readBoardModel } from './board-model.ts';
import { readCgroupLimits } from './cgroup-limits.ts';
import { readCpuClocks } from './cpu-clocks.ts';
import { commonFeatures, readCpuClusters, readOnlineCpus } from './cpu-clusters.ts';
import { parseCpuList } from './cpu-list.ts';
import { archOf, parseCpuinfo } from './cpuinfo.ts';
import { KernelFiles } from './kernel-files.ts';
import { readMemory } from './memory.ts';
import { parseMountinfo } from './mount-table.ts';
import { readStorage } from './storage.ts';
import { readTemperatures } from './temperatures.ts';
import { readThrottling } from './throttling.ts';

export interface ProbeOptions {
  /** The folder with /proc and /sys: "/" for this machine, or a recorded tree. */
  readonly root?: string;
  /** Where models are stored, relative to the root; it need not exist. Default: the root itself. */
  readonly modelsFolder?: string;
}

/** Reads the board's hardware from the kernel. Missing or invalid values are null, 0 or empty: this never fails. */
export async function probeBoard({ root = '/', modelsFolder = '/' }: ProbeOptions = {}): Promise<Board> {
  const files = new KernelFiles(resolve(root));
  const isLive = files.root === '/';
  const cpuinfo = parseCpuinfo((await files.text('/proc/cpuinfo')) ?? '');
  const mounts = parseMountinfo((await files.text('/proc/self/mountinfo')) ?? '');
  const online = await readOnlineCpus(files, cpuinfo);
  const clocks = await readCpuClocks(files);
  const cgroup = await readCgroupLimits(files, mounts);
  const affinity = parseCpuList(affinityIn((await files.text('/proc/self/status')) ?? ''));
  return {
    model: await readBoardModel(files),
    arch: isLive ? process.arch : (archOf(cpuinfo) ?? 'unknown'),
    clusters: await readCpuClusters(files, cpuinfo, online, clocks),
    features: commonFeatures(cpuinfo, online),
    allowedCpus: within(within(online, affinity), cgroup.cpus),
    cpuQuota: cgroup.cpuQuota,
    memory: await readMemory(files, cgroup.memory),
    storage: await readStorage(files, mounts, modelsFolder, isLive),
    temperatures: await readTemperatures(files),
    throttling: await readThrottling(
      files,
      online.map((cpu) => clocks.get(cpu)).filter((clock) => clock !== undefined),
    ),
  };
}

function affinityIn(status: string): string | null {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? null;
}

/** A list that leaves no CPU must be wrong, since this process runs: it is ignored. */
function within(cpus: readonly number[], allowed: readonly number[] | null): readonly number[] {
  const left = cpus.filter((cpu) => allowed === null || allowed.includes(cpu));
  return left.length === 0 ? cpus : left;
}
