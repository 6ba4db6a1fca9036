import { existsSync } from 'node:fs';
import { readlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type CallTimes, cameraAt, control, holdings, never, timesOf, waitFor } from './in-vm.ts';
import { expect, rejection } from './suite.ts';

/** The first picture after the camera is back. */
interface Return {
  readonly ms: number;
  /** The part of it spent in the addon's calls. */
  readonly calls: CallTimes;
  /** The time of a fixed piece of work at that moment: a busy host slows everything down. */
  readonly yardstickMs: number;
}

/** The driver is unbound and bound again during a stream: a picture within 10 s, and no leaks. */
export async function driverCycles(path: string, cycles: number): Promise<string> {
  const device = basename(await readlink(`/sys/class/video4linux/${basename(path)}/device`));
  const driver = '/sys/bus/platform/drivers/vivid';
  const returns: Return[] = [];
  const calls: CallTimes = new Map();
  const { camera } = cameraAt(path, {}, calls);
  try {
    await camera.capture(never);
    const before = holdings();
    for (let cycle = 0; cycle < cycles; cycle++) {
      const capture = camera.capture(never).then(() => camera.capture(never));
      await Promise.all([writeFile(`${driver}/unbind`, device), capture.catch(() => {})]);
      await rejection(camera.capture(never), /unplugged|no such device/);
      await writeFile(`${driver}/bind`, device);
      await waitFor(path, () => existsSync(path), 10_000);
      const yardstickMs = yardstick();
      calls.clear();
      const startedAt = performance.now();
      await camera.capture(never);
      returns.push({ ms: performance.now() - startedAt, calls: new Map(calls), yardstickMs });
    }
    const after = holdings();
    returns.sort((a, b) => a.ms - b.ms);
    const [median, slowest] = [returns[returns.length >> 1]!, returns.at(-1)!];
    const detail = `picture after return: median ${textOf(median)}; slowest ${textOf(slowest)}`;
    expect(slowest.ms < 10_000, detail);
    expect(
      after.descriptors <= before.descriptors,
      `descriptors: ${before.descriptors} before, ${after.descriptors} after`,
    );
    expect(after.threads <= before.threads, `threads: ${before.threads} before, ${after.threads} after`);
    return `${detail}; descriptors ${before.descriptors} -> ${after.descriptors}`;
  } finally {
    await camera.close();
    await control(path, 'osd_text_mode', 2);
  }
}

function textOf({ ms, calls, yardstickMs }: Return): string {
  return `${Math.round(ms)} ms (${timesOf(calls)}; yardstick ${yardstickMs.toFixed(1)})`;
}

function yardstick(): number {
  const startedAt = performance.now();
  let sum = 0;
  for (let count = 0; count < 1e6; count++) sum = (sum * 31 + count) | 0;
  expect(Number.isInteger(sum), 'it does not count');
  return performance.now() - startedAt;
}
