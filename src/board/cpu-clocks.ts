import { parseCpuList } from './cpu-list.ts';
import type { KernelFiles } from './kernel-files.ts';

/** A CPU's clock limits from cpufreq. */
export interface CpuClock {
  /** The hardware's limit. */
  readonly maxMHz: number;
  /** The current limit by governor, heat and settings; null if the kernel does not show it. */
  readonly allowedMHz: number | null;
}

const cpus = '/sys/devices/system/cpu';

/** The clocks of CPUs, by number. CPUs without cpufreq, as in most virtual machines, are left out. */
export async function readCpuClocks(files: KernelFiles): Promise<ReadonlyMap<number, CpuClock>> {
  const clocks = new Map<number, CpuClock>();
  for (const policy of (await files.folder(`${cpus}/cpufreq`)).filter((name) => /^policy\d+$/.test(name))) {
    const folder = `${cpus}/cpufreq/${policy}`;
    const clock = await readClock(files, folder);
    const members =
      parseCpuList(await files.text(`${folder}/related_cpus`)) ??
      parseCpuList(await files.text(`${folder}/affected_cpus`)) ??
      [];
    if (clock) for (const cpu of members) clocks.set(cpu, clock);
  }
  // Linux before 4.3 and trees recorded by CPU have no policy folders.
  for (const name of (await files.folder(cpus)).filter((name) => /^cpu\d+$/.test(name))) {
    const cpu = Number(name.slice(3));
    const clock = clocks.has(cpu) ? null : await readClock(files, `${cpus}/${name}/cpufreq`);
    if (clock) clocks.set(cpu, clock);
  }
  return clocks;
}

async function readClock(files: KernelFiles, folder: string): Promise<CpuClock | null> {
  const maxMHz = megahertz(await files.number(`${folder}/cpuinfo_max_freq`));
  if (maxMHz === null) return null;
  return { maxMHz, allowedMHz: megahertz(await files.number(`${folder}/scaling_max_freq`)) };
}

/** Some firmware writes nonsense; null for that. */
function megahertz(kilohertz: number | null): number | null {
  const clock = Math.round((kilohertz ?? 0) / 1000);
  return clock >= 50 && clock <= 12_000 ? clock : null;
}
