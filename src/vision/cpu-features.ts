import { readFileSync } from 'node:fs';

/** The kernel's name in /proc/cpuinfo -> ours (src/board/board.ts). */
const names: Readonly<Record<string, string>> = {
  asimd: 'asimd',
  asimdhp: 'fp16',
  asimddp: 'dotprod',
  bf16: 'bf16',
  i8mm: 'i8mm',
  sve: 'sve',
  sve2: 'sve2',
};

/** What all of an ARM machine's processors have that matters to ggml; empty on other architectures. */
export function readCpuFeatures(cpuinfo = '/proc/cpuinfo'): string[] {
  const lines = readFileSync(cpuinfo, 'utf8').matchAll(/^Features\s*:(.*)$/gm);
  const processors = Array.from(lines, ([, list]) => new Set(list!.trim().split(/\s+/)));
  if (processors.length === 0) return [];
  return Object.keys(names)
    .filter((name) => processors.every((features) => features.has(name)))
    .map((name) => names[name]!);
}
