import { resolve } from 'node:path';
import type { BoardHealth, ProcessMemory } from '../domain/health.ts';
import { readCpuClocks } from './cpu-clocks.ts';
import { readOnlineCpus } from './cpu-clusters.ts';
import { parseCpuinfo } from './cpuinfo.ts';
import { KernelFiles, wholeNumber, withinDeadline } from './kernel-files.ts';
import { readMemory } from './memory.ts';
import { readTemperatures } from './temperatures.ts';
import { readThrottling } from './throttling.ts';

/** How the machine does, and what Scenecast takes of it. */
export interface BoardReadings {
  readonly board: BoardHealth;
  readonly memory: ProcessMemory;
}

/**
 * Reads how the board does now. What the kernel does not tell, or not within 5 s, is null or 0: this never rejects.
 * @param enginePid the engine's process; null: there is none.
 * @param root below which /proc and /sys lie: "/" for this machine.
 */
export async function readBoardHealth(enginePid: number | null, root = '/'): Promise<BoardReadings> {
  const files = new KernelFiles(resolve(root));
  const [temperatures, throttling, memory, engineBytes] = await Promise.all([
    withinDeadline(readTemperatures(files)),
    withinDeadline(readSlowing(files)),
    readMemory(files, null),
    enginePid === null ? null : residentBytes(files, enginePid),
  ]);
  const celsius = (temperatures ?? []).map((sensor) => sensor.celsius);
  return {
    board: {
      temperatureC: celsius.length === 0 ? null : Math.max(...celsius),
      memoryAvailableBytes: memory.availableBytes,
      memoryTotalBytes: memory.totalBytes,
      clockLimited: throttling?.isClockLimited ?? null,
      underVoltage: throttling?.isUnderVoltage ?? null,
    },
    memory: { daemonBytes: process.memoryUsage.rss(), engineBytes },
  };
}

async function readSlowing(files: KernelFiles): ReturnType<typeof readThrottling> {
  const clocks = await readCpuClocks(files);
  const online = await readOnlineCpus(files, parseCpuinfo(''));
  return readThrottling(
    files,
    online.map((cpu) => clocks.get(cpu)).filter((clock) => clock !== undefined),
  );
}

/** What of a process is in RAM; null where it has gone. */
async function residentBytes(files: KernelFiles, pid: number): Promise<number | null> {
  const status = (await files.text(`/proc/${pid}/status`)) ?? '';
  const kibibytes = wholeNumber(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? '');
  return kibibytes === null ? null : kibibytes * 1024;
}
