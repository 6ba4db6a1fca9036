import type { ForkOptions } from 'node:child_process';

/**
 * Fork options that keep a child's whole process on these CPUs from its first thread on: mtmd attaches no thread pool
 * that could be given a mask. Null: wherever the kernel puts it.
 */
export function onCpus(cpus: readonly number[] | null): Pick<ForkOptions, 'execPath' | 'execArgv'> {
  if (cpus === null) return {};
  return {
    execPath: 'taskset',
    execArgv: ['--cpu-list', cpus.join(','), process.execPath, ...process.execArgv],
  };
}
