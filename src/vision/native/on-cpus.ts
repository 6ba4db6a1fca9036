import type { ForkOptions } from 'node:child_process';

/**
 * Fork options that pin a child process to these CPUs from its first thread on: mtmd has no thread pool that could be
 * given a mask. Null: no pinning.
 */
export function onCpus(cpus: readonly number[] | null): Pick<ForkOptions, 'execPath' | 'execArgv'> {
  if (cpus === null) return {};
  return {
    execPath: 'taskset',
    execArgv: ['--cpu-list', cpus.join(','), process.execPath, ...process.execArgv],
  };
}
