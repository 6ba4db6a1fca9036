import type { Board, CpuCluster } from '../board/board.ts';
import type { ModelSizing } from '../domain/model-sizing.ts';

/** How fast a model runs. */
export interface Rates {
  /** Milliseconds the vision encoder takes for one square. */
  readonly encodeMs: number;
  /** Tokens per second. */
  readonly prefill: number;
  readonly decode: number;
}

/**
 * Max operations of a core per cycle, with a multiply-add as two: 8-bit integers with the kernels that its features
 * allow (SMMLA, SDOT, SMLAL), and 16-bit floats. Source: Arm's software optimisation guides.
 */
const operationsPerCycle: readonly (readonly [pattern: RegExp, int8: number, float16: number])[] = [
  [/^Cortex-(X\d|A7[1-2]\d)|^Neoverse-(N2|N3|V\d)/, 128, 32],
  [/^Cortex-(A7[5-8]|A78)|^Neoverse-N1/, 64, 32],
  [/^Cortex-A5(10|20)/, 64, 16],
  [/^Cortex-A55/, 32, 16],
  [/^Cortex-A7[2-3]/, 16, 16],
  [/^Cortex-A53/, 8, 8],
];

/** Memory bandwidth of boards with all cores, in bytes per second, from published measurements. */
const memoryBandwidths: readonly (readonly [pattern: RegExp, bytesPerSecond: number])[] = [
  [/Orion O6/i, 42e9],
  [/RK3588|ROCK 5|Orange Pi 5/i, 12.5e9],
  [/Raspberry Pi 5|Compute Module 5/i, 12.5e9],
  [/Raspberry Pi 4|Compute Module 4/i, 4e9],
];

/** The share of the hardware's peak that llama.cpp reaches with well-tuned kernels. */
const computeShare = 0.35;
const bandwidthShare = 0.8;

/**
 * Projects rates from the hardware's peak: compute bounds encoding and prefilling, memory bandwidth bounds decoding.
 * docs/tuning.md has the arithmetic. Null if the cores or the memory are unknown.
 */
export function projectRates(board: Board, cpus: readonly number[], model: ModelSizing): Rates | null {
  const bandwidth = memoryBandwidths.find(([pattern]) => pattern.test(board.model ?? ''))?.[1];
  const cores = cpus.map((cpu) => board.clusters.find((cluster) => cluster.cpus.includes(cpu)));
  const known = cores.flatMap((cluster) => coreRates(cluster) ?? []);
  if (bandwidth === undefined || known.length < cpus.length || known.length === 0) return null;
  // Every operation waits for the slowest thread.
  const slowest = (kind: 'int8' | 'float16'): number =>
    Math.min(...known.map((rates) => rates[kind])) * known.length * computeShare;
  const squareOperations = model.mmprojBytes * squareTokens(model);
  return {
    encodeMs: (squareOperations / slowest('float16')) * 1000,
    prefill: slowest('int8') / (2 * model.parameters),
    decode: (bandwidth * bandwidthShare) / model.textBytes,
  };
}

/** Tokens per square. Two operations per two-byte weight and token: operations are bytes times tokens. */
function squareTokens({ details }: ModelSizing): number {
  const { imageTokens, squares } = details.at(-1)!;
  return squares === null ? imageTokens : imageTokens / squares;
}

/** Operations per second. */
function coreRates(cluster: CpuCluster | undefined): { int8: number; float16: number } | null {
  const found = operationsPerCycle.find(([pattern]) => pattern.test(cluster?.name ?? ''));
  if (!found || !cluster?.maxClockMHz) return null;
  const hertz = cluster.maxClockMHz * 1e6;
  return { int8: found[1] * hertz, float16: found[2] * hertz };
}
