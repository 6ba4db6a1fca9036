import { basename } from 'node:path';
import { cpuUsage } from 'node:process';
import type { KernelFiles } from './kernel-files.ts';

/** The kernel counts CPU time in hundredths of a second, on all our architectures. */
const ticksPerSecond = 100;

/** The CPU time that was used since boot, in seconds. */
export interface CpuTimes {
  readonly atMs: number;
  /** By all processes and the kernel, and taken away by the host of a virtual machine. */
  readonly allSeconds: number;
  /** By this process, and by its children that have exited. */
  readonly ownSeconds: number;
  readonly processes: ReadonlyMap<number, { readonly name: string; readonly seconds: number }>;
}

/** How busy other programs kept the CPUs. */
export interface CpuLoad {
  /** In CPUs: 1.5 is one and a half of them. */
  readonly otherCpus: number;
  /** The busiest processes, first the busiest; empty if the kernel hides them. */
  readonly busiest: readonly { readonly name: string; readonly cpus: number }[];
}

/** Reads the CPU time used until now; null if the kernel does not show it. */
export async function readCpuTimes(files: KernelFiles): Promise<CpuTimes | null> {
  const total = /^cpu +([\d ]+)$/m.exec((await files.text('/proc/stat')) ?? '')?.[1];
  if (total === undefined) return null;
  const [user, nice, system, , , irq, softirq, steal = 0] = total.split(' ').map(Number) as number[];
  const processes = new Map<number, { name: string; seconds: number }>();
  let children = 0;
  for (const entry of (await files.folder('/proc')).filter((name) => /^\d+$/.test(name))) {
    const found = parseStat((await files.text(`/proc/${entry}/stat`)) ?? '');
    if (!found) continue;
    // Node's own name for its processes would not tell one from another.
    const name = found.name === 'MainThread' ? await programName(files, entry) : found.name;
    processes.set(Number(entry), { name, seconds: found.seconds });
    if (Number(entry) === process.pid) children = found.exitedChildren;
  }
  const own = cpuUsage();
  return {
    atMs: performance.now(),
    allSeconds: (user! + nice! + system! + irq! + softirq! + steal) / ticksPerSecond,
    ownSeconds: (own.user + own.system) / 1e6 + children,
    processes,
  };
}

async function programName(files: KernelFiles, pid: string): Promise<string> {
  const [program = ''] = ((await files.text(`/proc/${pid}/cmdline`)) ?? '').split('\0');
  return basename(program) || 'node';
}

/** A line of /proc/PID/stat. The name, in brackets, may contain spaces and brackets. */
function parseStat(line: string): { name: string; seconds: number; exitedChildren: number } | null {
  const match = /^\d+ \((.*)\) (.*)$/s.exec(line.trim());
  if (!match) return null;
  const fields = match[2]!.split(' ').map(Number);
  const [user, system, childUser, childSystem] = fields.slice(11, 15) as [number, number, number, number];
  return {
    name: match[1]!,
    seconds: (user + system) / ticksPerSecond,
    exitedChildren: (childUser + childSystem) / ticksPerSecond,
  };
}

/** The load of other programs between two readings. Children that still run count as others. */
export function cpuLoadBetween(before: CpuTimes, after: CpuTimes): CpuLoad {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000);
  const own = after.ownSeconds - before.ownSeconds;
  const busiest = [...after.processes]
    .filter(([pid]) => pid !== process.pid)
    .map(([pid, { name, seconds: used }]) => ({
      name,
      cpus: (used - (before.processes.get(pid)?.seconds ?? 0)) / seconds,
    }))
    .filter(({ cpus }) => cpus >= 0.05)
    .sort((a, b) => b.cpus - a.cpus);
  return {
    otherCpus: Math.max(0, (after.allSeconds - before.allSeconds - own) / seconds),
    busiest: busiest.slice(0, 3),
  };
}
