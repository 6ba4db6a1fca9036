import { parseCpuList } from './cpu-list.ts';
import type { KernelFiles } from './kernel-files.ts';

/** A CPU's clock as cpufreq shows it. */
export interface CpuClock {
  /** What the hardware can do. */
  readonly mostMHz: number;
  /** What governor, heat and settings let it do now; null where the kernel does not say. */
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
  // Before Linux 4.3, and in trees recorded by CPU, there are no folders of policies.
  for (const name of (await files.folder(cpus)).filter((name) => /^cpu\d+$/.test(name))) {
    const cpu = Number(name.slice(3));
    const clock = clocks.has(cpu) ? null : await readClock(files, `${cpus}/${name}/cpufreq`);
    if (clock) clocks.set(cpu, clock);
  }
  return clocks;
}

async function readClock(files: KernelFiles, folder: string): Promise<CpuClock | null> {
  const mostMHz = megahertz(await files.number(`${folder}/cpuinfo_max_freq`));
  if (mostMHz === null) return null;
  return { mostMHz, allowedMHz: megahertz(await files.number(`${folder}/scaling_max_freq`)) };
}

/** Some firmware writes nonsense, which is no clock at all. */
function megahertz(kilohertz: number | null): number | null {
  const clock = Math.round((kilohertz ?? 0) / 1000);
  return clock >= 50 && clock <= 12_000 ? clock : null;
}
