import type { Board } from '../board/board.ts';
import { isLittleCore } from '../board/cpu-parts.ts';

export interface CpuChoice {
  /** CPUs to pin the engine to, ascending; null: no pinning. */
  readonly cpus: readonly number[] | null;
  readonly threads: number;
  readonly reason: string;
}

/**
 * Chooses the engine's CPUs: the big cores that this process may use, one thread each, and no more threads than the
 * cgroup's CPU time allows. More threads are ruinous, as every operation of ggml ends at a barrier.
 * @param configuredThreads from the config; null: choose
 * @param key path of the model's section in the config
 */
export function chooseCpus(board: Board, configuredThreads: number | null, key = 'model'): CpuChoice {
  const allowed = new Set(board.allowedCpus);
  const usable = board.clusters
    .map((cluster) => ({ ...cluster, cpus: cluster.cpus.filter((cpu) => allowed.has(cpu)) }))
    .filter(({ cpus }) => cpus.length > 0);
  const big = usable.filter((cluster) => !isLittleCore(cluster));
  const chosen = big.length > 0 ? big : usable;
  const isMixed = chosen.length < usable.length;
  const cpus = chosen.flatMap((cluster) => cluster.cpus).sort((a, b) => a - b);
  const maxThreads = Math.max(1, cpus.length || board.allowedCpus.length);
  const granted = board.cpuQuota === null ? maxThreads : Math.max(1, Math.floor(board.cpuQuota));
  const names = [...new Set(chosen.map(({ name }) => name))].join(', ') || 'CPUs';
  const affinity = isMixed ? cpus : null;
  if (configuredThreads !== null)
    return { cpus: affinity, threads: configuredThreads, reason: `${key}.threads` };
  if (granted < maxThreads)
    return {
      cpus: affinity,
      threads: granted,
      reason: `the cgroup limits CPU time to ${board.cpuQuota} CPUs`,
    };
  const left = usable.filter((cluster) => !chosen.includes(cluster)).map(({ name }) => name);
  const why = isMixed ? `; ${[...new Set(left)].join(', ')} would slow down every step` : '';
  return { cpus: affinity, threads: maxThreads, reason: `one for each ${names}${why}` };
}
