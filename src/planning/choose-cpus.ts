import type { Board } from '../board/board.ts';
import { isLittleCore } from '../board/cpu-parts.ts';

export interface CpuChoice {
  /** Where the engine may run, ascending; null: wherever the kernel puts it. */
  readonly cpus: readonly number[] | null;
  readonly threads: number;
  readonly reason: string;
}

/**
 * The CPUs for the engine: those of the big cores that this process may use, one thread each, and no more threads than
 * the cgroup grants time for: threads beyond either are ruinous, as every operation of ggml ends at a barrier.
 * @param wanted what the config asks for; null: decide
 */
export function chooseCpus(board: Board, wanted: number | null): CpuChoice {
  const allowed = new Set(board.allowedCpus);
  const usable = board.clusters
    .map((cluster) => ({ ...cluster, cpus: cluster.cpus.filter((cpu) => allowed.has(cpu)) }))
    .filter(({ cpus }) => cpus.length > 0);
  const big = usable.filter((cluster) => !isLittleCore(cluster));
  const chosen = big.length > 0 ? big : usable;
  const isMixed = chosen.length < usable.length;
  const cpus = chosen.flatMap((cluster) => cluster.cpus).sort((a, b) => a - b);
  const most = Math.max(1, cpus.length || board.allowedCpus.length);
  const granted = board.cpuQuota === null ? most : Math.max(1, Math.floor(board.cpuQuota));
  const names = [...new Set(chosen.map(({ name }) => name))].join(', ') || 'CPUs';
  const affinity = isMixed ? cpus : null;
  if (wanted !== null) return { cpus: affinity, threads: wanted, reason: 'model.threads' };
  if (granted < most)
    return {
      cpus: affinity,
      threads: granted,
      reason: `the cgroup grants the time of ${board.cpuQuota} CPUs`,
    };
  const left = usable.filter((cluster) => !chosen.includes(cluster)).map(({ name }) => name);
  const why = isMixed ? `; ${[...new Set(left)].join(', ')} would hold up every step` : '';
  return { cpus: affinity, threads: most, reason: `one for each ${names}${why}` };
}
