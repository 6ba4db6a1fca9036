import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { topicsOf } from '../../../src/contract/topics.ts';
import { Mosquitto } from '../../test/mosquitto.ts';
import { until } from '../../test/until.ts';
import { CameraView } from '../camera-view.ts';
import { BusyCore } from './busy-core.ts';
import { memoryBytesOf } from './contender.ts';
import { DaemonProcess } from './daemon-process.ts';
import { cpuMsOf } from './process-cpu.ts';
import type { DaemonResult, DaemonSample } from './result.ts';
import type { DaemonSceneName } from './scenes.ts';
import { hereAndNow } from './where-and-when.ts';

export interface MeasureDaemonOptions {
  readonly rounds: number;
  readonly codeDigest: string;
  readonly onProgress: (round: number, cameras: number, sample: DaemonSample) => void;
}

const device = 'bench';
const size = { width: 1280, height: 720 } as const;
const maxWarmUpMs = 60_000;
const settleMs = 3000;
/**
 * Each description takes the engine longer than the shortest interval of a camera (100 ms), and as long as any other: with
 * free text it would depend on which pictures are described.
 */
const maxTokens = 8;
const questions = Object.fromEntries(
  Array.from({ length: 120 }, (_, index) => [
    `q${index}`,
    { ask: 'Is there a red circle?', type: 'boolean' },
  ]),
);

interface DaemonScene {
  readonly cameras: readonly number[];
  readonly seconds: number;
  /** Descriptions of each camera before the measurement. */
  readonly warmUp: number;
  readonly isBusy: boolean;
  /** How many views the pictures show, and how many pictures of each there are, with other noise. */
  readonly views: number;
  readonly picturesEach: number;
  readonly camera: object;
}

const changing = {
  // The first ones show how slow the engine is.
  warmUp: 3,
  // No block is the same in two of them: small changes that never end would be learned as noise.
  ...{ views: 12, picturesEach: 1 },
  camera: { interval: '100ms', questions },
} as const;
const scenes: Readonly<Record<DaemonSceneName, DaemonScene>> = {
  cameras: { ...changing, cameras: [1, 2, 4, 8, 16], seconds: 15, isBusy: false },
  'busy-daemon': { ...changing, cameras: [1], seconds: 15, isBusy: true },
  idle: {
    ...{ cameras: [1], seconds: 30, warmUp: 1, isBusy: false },
    // No two are equal: each is decoded.
    ...{ views: 1, picturesEach: 12 },
    camera: { interval: '1s' },
  },
};

/** Measures a scene of the daemon with the demo model and mosquitto: each number of cameras in turn, round by round. */
export async function measureDaemon(
  scene: DaemonSceneName,
  { rounds, codeDigest, onProgress }: MeasureDaemonOptions,
): Promise<DaemonResult> {
  const loadBefore = loadavg()[0]!;
  const { cameras, views, picturesEach } = scenes[scene];
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-bench-pictures-'));
  stack.defer(() => rmSync(folder, { recursive: true }));
  for (let seed = 1; seed <= views; seed++) {
    const view = new CameraView(seed, { size, noise: 4, quality: 80 });
    for (let index = 0; index < picturesEach; index++)
      writeFileSync(join(folder, `${seed}-${index}.jpg`), (await view.frame()).bytes);
  }
  const cases = cameras.map((count) => ({ cameras: count, rounds: [] as DaemonSample[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { cameras: count, rounds: samples } of cases) {
      samples.push(await runDaemon(scenes[scene], count, folder));
      onProgress(round, count, samples.at(-1)!);
    }
  }
  return { model: 'demo', scene, ...hereAndNow(), codeDigest, roundCount: rounds, loadBefore, cases };
}

async function runDaemon(
  { camera, seconds, warmUp, isBusy }: DaemonScene,
  count: number,
  folder: string,
): Promise<DaemonSample> {
  const names = Array.from({ length: count }, (_, index) => `camera${index + 1}`);
  await using stack = new AsyncDisposableStack();
  const { url } = stack.adopt(await Mosquitto.start(), (broker) => broker.close());
  const subscriber = stack.adopt(await connectAsync(url, { protocolVersion: 5 }), (one) =>
    one.endAsync(true),
  );
  const described = new Map(names.map((name) => [topicsOf(device).description(name), 0]));
  subscriber.on('message', (topic) => described.set(topic, described.get(topic)! + 1));
  await subscriber.subscribeAsync([...described.keys()], { qos: 1 });
  const source = { type: 'still', path: folder };
  const config = {
    device,
    log_level: 'info',
    mqtt: { url },
    model: { max_tokens: maxTokens },
    cameras: Object.fromEntries(names.map((name) => [name, { source, ...camera }])),
  };
  const daemon = stack.adopt(await DaemonProcess.start(config), (one) => one.close());
  if (isBusy) stack.adopt(BusyCore.start(), (busy) => busy.close());
  const isWarm = (): boolean => [...described.values()].every((count) => count >= warmUp);
  await until(isWarm, maxWarmUpMs, 'the daemon does not describe every camera');
  await sleep(settleMs);

  const pids = { daemon: daemon.pid, engine: await daemon.enginePid() };
  for (const topic of described.keys()) described.set(topic, 0);
  const before = { daemon: cpuMsOf(pids.daemon), engine: cpuMsOf(pids.engine), time: performance.now() };
  await sleep(seconds * 1000);
  const elapsedMs = performance.now() - before.time;
  const counts = [...described.values()];
  const percentOf = (pid: number, beforeMs: number): number => (100 * (cpuMsOf(pid) - beforeMs)) / elapsedMs;
  return {
    perSecond: (1000 * counts.reduce((sum, one) => sum + one, 0)) / elapsedMs,
    least: Math.min(...counts),
    most: Math.max(...counts),
    daemonCpu: percentOf(pids.daemon, before.daemon),
    engineCpu: percentOf(pids.engine, before.engine),
    daemonBytes: await memoryBytesOf(pids.daemon, 'VmRSS'),
    engineBytes: await memoryBytesOf(pids.engine, 'VmRSS'),
    loopDelayP99Ms: await daemon.stop(),
  };
}
