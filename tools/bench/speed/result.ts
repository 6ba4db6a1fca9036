import type { Reading } from './contender.ts';
import type { DaemonSceneName, SceneName } from './scenes.ts';
import type { WhereAndWhen } from './where-and-when.ts';

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

/** Another program that described the same pictures. */
export interface Peer extends Side {
  readonly name: string;
  /** Its threads: `-t 1 -tb 2`. */
  readonly threads: string;
}

/** What a kept result is found by. */
export interface KeptResult {
  readonly model: string;
  readonly scene: string;
  /** Of the code measured: a result of other code is measured again. */
  readonly codeDigest: string;
  readonly roundCount: number;
}

/** One scene with one model. */
export interface SceneResult extends KeptResult, WhereAndWhen {
  readonly scene: SceneName;
  readonly cpu: string;
  readonly build: string;
  readonly threads: number;
  /** One-minute load averages. */
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly ours: Side;
  /** At least one. */
  readonly peers: readonly Peer[];
  readonly notes: readonly string[];
}

/** One run of the daemon. */
export interface DaemonSample {
  readonly perSecond: number;
  /** Descriptions of the camera with the fewest, and with the most. */
  readonly least: number;
  readonly most: number;
  /** 99th percentile, from the start of the pipeline to its end; the model is loaded meanwhile. */
  readonly loopDelayP99Ms: number;
  /** In percent of one core. */
  readonly daemonCpu: number;
  readonly engineCpu: number;
  /** Resident memory at the end. */
  readonly daemonBytes: number;
  readonly engineBytes: number;
}

/** A scene of the daemon, with one broker and no peer. */
export interface DaemonResult extends KeptResult, WhereAndWhen {
  readonly scene: DaemonSceneName;
  readonly loadBefore: number;
  /** By number of cameras. */
  readonly cases: readonly { readonly cameras: number; readonly rounds: readonly DaemonSample[] }[];
}

/** What one call of `npm run bench` writes. */
export interface BenchRun {
  readonly rounds: number;
  readonly loadAtStart: number;
  readonly loadAtEnd: number;
  readonly results: readonly SceneResult[];
  readonly daemon: readonly DaemonResult[];
}

/** The median of a sample's field over all rounds. */
export function medianOf(side: Side, field: keyof Sample): number {
  return median(side.rounds.map((round) => round[field]));
}

/** The peer with the shortest time. */
export function bestPeer({ peers }: Pick<SceneResult, 'peers'>): Peer {
  return peers.reduce((best, peer) => (medianOf(peer, 'totalMs') < medianOf(best, 'totalMs') ? peer : best));
}

/** Our time divided by the best peer's, medians; below 1 Scenecast is faster. */
export function ratioOf(result: Pick<SceneResult, 'ours' | 'peers'>): number {
  return medianOf(result.ours, 'totalMs') / medianOf(bestPeer(result), 'totalMs');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
