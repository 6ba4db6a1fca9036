import { readFileSync } from 'node:fs';

/** USER_HZ: Linux reports CPU times to user space in hundredths of a second on every architecture that Scenecast runs on. */
const ticksPerSecond = 100;

/** CPU time of a process and all its threads, in milliseconds. @throws Error if it has exited */
export function cpuMsOf(pid: number): number {
  return cpuMsOfStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** utime and stime of /proc/<pid>/stat; proc(5). */
export function cpuMsOfStat(stat: string): number {
  // The name in parentheses may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime] = [fields[11], fields[12]].map(Number);
  return ((utime! + stime!) * 1000) / ticksPerSecond;
}
