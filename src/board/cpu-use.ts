import type { KernelFiles } from './kernel-files.ts';

interface Ticks {
  readonly busy: number;
  readonly all: number;
}

/** How busy each CPU is, from one reading to the next. */
export class CpuUse {
  readonly #files: KernelFiles;
  #before = new Map<number, Ticks>();

  constructor(files: KernelFiles) {
    this.#files = files;
  }

  /** By CPU, from 0 to 1, since the last call; empty at the first one, or if the kernel does not show it. */
  async read(): Promise<ReadonlyMap<number, number>> {
    const now = ticksOf((await this.#files.text('/proc/stat')) ?? '');
    const before = this.#before;
    this.#before = now;
    const shares = new Map<number, number>();
    for (const [cpu, { busy, all }] of now) {
      const last = before.get(cpu);
      if (last && all > last.all) shares.set(cpu, Math.max(0, (busy - last.busy) / (all - last.all)));
    }
    return shares;
  }
}

/** The lines `cpu0 user nice system idle iowait irq softirq steal guest guest_nice` of /proc/stat. */
function ticksOf(stat: string): Map<number, Ticks> {
  const ticks = new Map<number, Ticks>();
  for (const [, cpu, numbers] of stat.matchAll(/^cpu(\d+) ([\d ]+)$/gm)) {
    // Guests are part of user and nice.
    const times = numbers!.trim().split(' ').map(Number).slice(0, 8);
    const all = times.reduce((sum, time) => sum + time, 0);
    const [, , , idle = 0, waiting = 0] = times;
    ticks.set(Number(cpu), { busy: all - idle - waiting, all });
  }
  return ticks;
}
