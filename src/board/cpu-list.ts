/** More CPUs than any kernel supports. */
const maxCpus = 8192;

/**
 * CPU numbers, ascending, from the kernel's lists: "0-3,8", or "0 1 2 3" as cpufreq writes them.
 * @returns null if the text is not such a list; an empty list for an empty text.
 */
export function parseCpuList(text: string | null): number[] | null {
  if (text === null) return null;
  const cpus = new Set<number>();
  for (const range of text.trim().split(/[\s,]+/)) {
    if (range === '') continue;
    const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    const first = Number(from);
    const last = Number(to ?? from);
    if (from === undefined || last < first || last >= maxCpus) return null;
    for (let cpu = first; cpu <= last; cpu += 1) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** The list for people: "0-3, 8". */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of cpus) {
    const range = ranges.at(-1);
    if (range && cpu === range[1] + 1) range[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
