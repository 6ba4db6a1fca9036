import type { Reading } from './contender.ts';
import type { SceneName } from './scenes.ts';

/** Of one side in one round: means over its pictures. */
export interface Sample extends Omit<Reading, 'texts'> {
  /** Pictures whose caption is exactly what was drawn; only the demo model can get any right. */
  readonly rightCaptions: number;
  readonly pictures: number;
}

export interface Side {
  readonly rounds: readonly Sample[];
  readonly peakBytes: number;
}

/** One scene with one model. */
export interface SceneResult {
  readonly model: string;
  readonly scene: SceneName;
  readonly date: string;
  readonly cpu: string;
  readonly build: string;
  readonly threads: number;
  /** Of the code measured: a result of other code is measured again. */
  readonly codeDigest: string;
  /** One-minute load averages. */
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly ours: Side;
  readonly theirs: Side;
  readonly notes: readonly string[];
}

/** What one call of `npm run bench` writes. */
export interface BenchRun {
  readonly rounds: number;
  /** Number of processors and their name. */
  readonly machine: string;
  readonly loadAtStart: number;
  readonly loadAtEnd: number;
  readonly results: readonly SceneResult[];
}

/** The median of a sample's field over all rounds. */
export function medianOf(side: Side, field: keyof Sample): number {
  return median(side.rounds.map((round) => round[field]));
}

/** Ours divided by theirs, medians; below 1 Scenecast is faster. */
export function ratioOf({ ours, theirs }: Pick<SceneResult, 'ours' | 'theirs'>, field: keyof Sample): number {
  return medianOf(ours, field) / medianOf(theirs, field);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
