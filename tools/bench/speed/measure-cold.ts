import { loadavg } from 'node:os';
import { type Contender, memoryBytesOf, type Reading } from './contender.ts';
import { LlamaServer } from './llama-server.ts';
import type { MeasureOptions } from './measure-scene.ts';
import { type BenchModel, filesOf } from './models.ts';
import { runMtmdCli } from './mtmd-cli.ts';
import { threadArguments } from './peer-threads.ts';
import type { Sample, SceneResult, Side } from './result.ts';
import { sampleOf } from './sample.ts';
import { Scenecast } from './scenecast.ts';
import { roundOf, type SceneJob } from './scenes.ts';
import { tunedThreads } from './tune-peer.ts';
import { hereAndNow } from './where-and-when.ts';

/** llama-server's warm-up would only delay its first answer. */
const peerArguments = ['--no-warmup'];

/**
 * Measures from the start of the process to the first description, planning included; the files are in the page cache.
 * The start counts as `restMs`.
 */
export async function measureCold(
  model: BenchModel,
  { rounds, threads, codeDigest, onProgress }: MeasureOptions,
): Promise<SceneResult> {
  const loadBefore = loadavg()[0]!;
  const files = await filesOf(model);
  const [job] = (await roundOf('cold', model, 0)) as [SceneJob];
  const known = await Scenecast.start(model, files, job, threads);
  await known.close();
  const peerThreads = await tunedThreads(model, files, known.options);
  const startServer = (): Promise<LlamaServer> =>
    LlamaServer.start(model, files, known.options, peerThreads, peerArguments);
  const ours: Measured[] = [];
  const server: Measured[] = [];
  const cli: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await startAndDescribe(() => Scenecast.start(model, files, job, threads), job));
    server.push(await startAndDescribe(startServer, job));
    const { reading, peakBytes } = await runMtmdCli(model, files, known.options, peerThreads, job);
    cli.push({ sample: sampleFrom(reading, job), peakBytes });
    onProgress(round, ours.at(-1)!.sample, server.at(-1)!.sample);
  }
  const { cpu, build } = known.info;
  const threadsOf = threadArguments(peerThreads).join(' ');
  return {
    ...{ model: model.name, scene: 'cold', ...hereAndNow(), cpu, build },
    ...{ threads: known.options.threads, codeDigest, roundCount: rounds },
    ...{ loadBefore, loadAfter: loadavg()[0]!, ours: sideOf(ours) },
    peers: [
      { name: 'llama-server', threads: threadsOf, ...sideOf(server) },
      { name: 'llama-mtmd-cli', threads: threadsOf, ...sideOf(cli) },
    ],
    notes: [],
  };
}

interface Measured {
  readonly sample: Sample;
  readonly peakBytes: number;
}

function sideOf(measured: readonly Measured[]): Side {
  return {
    rounds: measured.map(({ sample }) => sample),
    peakBytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)),
  };
}

async function startAndDescribe(start: () => Promise<Contender>, job: SceneJob): Promise<Measured> {
  const startTime = performance.now();
  const contender = await start();
  try {
    const startMs = performance.now() - startTime;
    const reading = await contender.describe(job);
    const totals = { totalMs: reading.totalMs + startMs, restMs: reading.restMs + startMs };
    const sample = sampleFrom({ ...reading, ...totals }, job);
    return { sample, peakBytes: await memoryBytesOf(contender.pid, 'VmHWM') };
  } finally {
    await contender.close();
  }
}

function sampleFrom(reading: Reading, { truth }: SceneJob): Sample {
  return sampleOf([{ ...reading, isRight: reading.texts[0] === truth }]);
}
