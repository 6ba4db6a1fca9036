import { resolve } from 'node:path';
import type { BoardHealth, ProcessMemory } from '../domain/health.ts';
import { readCpuClocks } from './cpu-clocks.ts';
import { readOnlineCpus } from './cpu-clusters.ts';
import { parseCpuinfo } from './cpuinfo.ts';
import { KernelFiles, withinDeadline } from './kernel-files.ts';
import { readMemory } from './memory.ts';
import { readProcessMemory } from './process-memory.ts';
import { readTemperatures } from './temperatures.ts';
import { readThrottling } from './throttling.ts';

/** The board's health, and Scenecast's share of its memory. */
export interface BoardReadings {
  readonly board: BoardHealth;
  readonly memory: ProcessMemory;
}

/**
 * Reads the board's current health. Values that the kernel does not give within 5 s are null or 0: this never rejects.
 * @param enginePids the engine processes
 * @param root the folder with /proc and /sys: "/" for this machine.
 */
export async function readBoardHealth(enginePids: readonly number[], root = '/'): Promise<BoardReadings> {
  const files = new KernelFiles(resolve(root));
  const [temperatures, throttling, memory, engines] = await Promise.all([
    withinDeadline(readTemperatures(files)),
    withinDeadline(readThrottlingNow(files)),
    readMemory(files, null),
    Promise.all(enginePids.map((pid) => readProcessMemory(files, pid, 'VmRSS'))),
  ]);
  const running = engines.filter((bytes) => bytes !== null);
  const engineBytes = running.length === 0 ? null : running.reduce((sum, bytes) => sum + bytes);
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

async function readThrottlingNow(files: KernelFiles): ReturnType<typeof readThrottling> {
  const clocks = await readCpuClocks(files);
  const online = await readOnlineCpus(files, parseCpuinfo(''));
  return readThrottling(
    files,
    online.map((cpu) => clocks.get(cpu)).filter((clock) => clock !== undefined),
  );
}
