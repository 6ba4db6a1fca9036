import type { Board, CpuCluster } from '../board/board.ts';
import type { TransformerShape } from '../domain/model-shapes.ts';
import type { ContextSizing, DetailSizing, ModelSizing } from '../domain/model-sizing.ts';
import type { CpuChoice } from './choose-cpus.ts';

/** Seconds for the steps of one description. */
export interface DescriptionTimes {
  readonly encodeSeconds: number;
  readonly prefillSeconds: number;
  readonly generateSeconds: number;
}

/** A typical description's length, and that of the answers where nothing is described; used for expected times only. */
const usualDescriptionTokens = 60;
const usualAnswerTokens = 4;

/** The tokens that a model generates for a picture. @param freeTurnTokens of its sizing; 0: it only answers typed questions */
export function usualTokens(freeTurnTokens: number): number {
  return freeTurnTokens > 0 ? usualDescriptionTokens : usualAnswerTokens;
}

type Arithmetic = 'int8' | 'float16' | 'float32';

/**
 * Max operations of a core per cycle, with a multiply-add as two: 8-bit integers with the kernels that its features
 * allow (SMMLA, SDOT, SMLAL), 16-bit floats (converted one by one on cores without their arithmetic), 32-bit floats.
 * Source: Arm's software optimisation guides.
 */
const peaks: readonly (readonly [core: RegExp, int8: number, float16: number, float32: number])[] = [
  [/^Cortex-(X\d|A7[1-2]\d)|^Neoverse-(N2|N3|V\d)/, 128, 32, 16],
  [/^Cortex-(A7[5-8]|A78)|^Neoverse-N1/, 64, 32, 16],
  [/^Cortex-A5(10|20)/, 64, 16, 8],
  [/^Cortex-A55/, 32, 16, 8],
  [/^Cortex-A7[2-3]/, 16, 4, 8],
  [/^Cortex-A53/, 8, 2, 4],
];

/** Memory bandwidth of boards with all cores, in bytes per second, from published measurements. */
const memoryBandwidths: readonly (readonly [board: RegExp, bytesPerSecond: number])[] = [
  [/Orion O6/i, 42e9],
  [/RK3588|ROCK 5|Orange Pi 5/i, 12.5e9],
  [/Raspberry Pi 5|Compute Module 5/i, 12.5e9],
  [/Raspberry Pi 4|Compute Module 4/i, 4e9],
];
const bandwidthShare = 0.8;

/** The share of a peak that llama.cpp reaches. docs/tuning.md has the published figures that these follow from. */
interface Kernel {
  readonly arithmetic: Arithmetic;
  readonly share: number;
}
const attention: Kernel = { arithmetic: 'float32', share: 0.35 };
const floats: Readonly<Record<string, Kernel>> = {
  f32: { arithmetic: 'float32', share: 0.35 },
  f16: { arithmetic: 'float16', share: 0.35 },
  bf16: { arithmetic: 'float16', share: 0.35 },
};
/** Types that a CPU module with dotprod keeps in its own layout. K quants have more to unpack. */
const repacked: readonly (readonly [weightType: RegExp, Kernel])[] = [
  [/^(q4_0|q8_0|iq4_nl)$/, { arithmetic: 'int8', share: 0.3 }],
  [/^q[456]_K$/, { arithmetic: 'int8', share: 0.2 }],
];
const notRepacked: Kernel = { arithmetic: 'int8', share: 0.1 };

/** What the times of a model depend on. */
export type TimedModel = Pick<ModelSizing, 'shapes' | 'textBytes' | 'freeTurnTokens'>;

/**
 * Projects times from the hardware's peak: compute bounds encoding and prefilling, memory bandwidth bounds generating.
 * docs/tuning.md has the arithmetic. Null if the cores or the memory are unknown.
 */
export function projectTimes(
  board: Board,
  cpu: Pick<CpuChoice, 'cpus' | 'threads'>,
  model: TimedModel,
  { squares, imageTokens }: Pick<DetailSizing, 'squares' | 'imageTokens'>,
  { kvBytesPerToken }: Pick<ContextSizing, 'kvBytesPerToken'>,
): DescriptionTimes | null {
  const bandwidth = memoryBandwidths.find(([pattern]) => pattern.test(board.model ?? ''))?.[1];
  const peak = peakOf(board, cpu);
  if (bandwidth === undefined || !peak) return null;
  const { text, tower, projectorWeights } = model.shapes;
  const seconds = (operations: number, { arithmetic, share }: Kernel): number =>
    operations / (peak[arithmetic] * share);
  const kernelOf = ({ weightType }: TransformerShape): Kernel => kernelFor(weightType, board.features);

  // A weight takes a multiplication and an addition; so does each number of a key and of a value.
  const patches = sum(squares);
  const seenPatches = sum(squares.map((count) => count ** 2));
  const tokens = imageTokens + model.freeTurnTokens;
  // A token sees those before it: half of them on average.
  const seenTokens = tokens ** 2 / 2;
  return {
    encodeSeconds:
      seconds(2 * tower.weights * patches + 2 * projectorWeights * imageTokens, kernelOf(tower)) +
      seconds(4 * tower.blocks * tower.attentionWidth * seenPatches, attention),
    prefillSeconds:
      seconds(2 * text.weights * tokens, kernelOf(text)) +
      seconds(4 * text.blocks * text.attentionWidth * seenTokens, attention),
    generateSeconds:
      (usualTokens(model.freeTurnTokens) * (model.textBytes + kvBytesPerToken * tokens)) /
      (bandwidth * bandwidthShare),
  };
}

function kernelFor(weightType: string, features: readonly string[]): Kernel {
  const float = floats[weightType];
  if (float) return float;
  const found = repacked.find(([pattern]) => pattern.test(weightType))?.[1];
  return found && features.includes('dotprod') ? found : notRepacked;
}

/** Operations per second of all threads: each operation waits for the slowest. Null if a core is unknown. */
function peakOf(
  { clusters, allowedCpus }: Board,
  { cpus, threads }: Pick<CpuChoice, 'cpus' | 'threads'>,
): Record<Arithmetic, number> | null {
  const used = cpus ?? allowedCpus;
  const cores = used.flatMap((cpu) => corePeak(clusters.find((each) => each.cpus.includes(cpu))) ?? []);
  if (cores.length < used.length || cores.length === 0) return null;
  const ofThreads = (arithmetic: Arithmetic): number =>
    Math.min(...cores.map((core) => core[arithmetic])) * Math.min(threads, cores.length);
  return { int8: ofThreads('int8'), float16: ofThreads('float16'), float32: ofThreads('float32') };
}

function corePeak(cluster: CpuCluster | undefined): Record<Arithmetic, number> | null {
  const found = peaks.find(([pattern]) => pattern.test(cluster?.name ?? ''));
  if (!found || !cluster?.maxClockMHz) return null;
  const hertz = cluster.maxClockMHz * 1e6;
  const [, int8, float16, float32] = found;
  return { int8: int8 * hertz, float16: float16 * hertz, float32: float32 * hertz };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
