import { loadavg } from 'node:os';
import { type Contender, peakBytesOf } from './contender.ts';
import { LlamaServer } from './llama-server.ts';
import type { MeasureOptions } from './measure-scene.ts';
import { type BenchModel, filesOf } from './models.ts';
import type { Sample, SceneResult } from './result.ts';
import { sampleOf } from './sample.ts';
import { Scenecast } from './scenecast.ts';
import { roundOf, type SceneJob } from './scenes.ts';

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
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await startAndDescribe(() => Scenecast.start(model, files, job, threads), job));
    theirs.push(
      await startAndDescribe(() => LlamaServer.start(model, files, known.options, peerArguments), job),
    );
    onProgress(round, ours.at(-1)!.sample, theirs.at(-1)!.sample);
  }
  const { cpu, build } = known.info;
  const sideOf = (measured: readonly Measured[]) => ({
    rounds: measured.map(({ sample }) => sample),
    peakBytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)),
  });
  return {
    ...{ model: model.name, scene: 'cold', date: new Date().toISOString(), cpu, build },
    ...{ threads: known.options.threads, codeDigest, loadBefore, loadAfter: loadavg()[0]! },
    ...{ ours: sideOf(ours), theirs: sideOf(theirs), notes: [] },
  };
}

interface Measured {
  readonly sample: Sample;
  readonly peakBytes: number;
}

async function startAndDescribe(start: () => Promise<Contender>, job: SceneJob): Promise<Measured> {
  const startTime = performance.now();
  const contender = await start();
  try {
    const startMs = performance.now() - startTime;
    const reading = await contender.describe(job);
    const isRight = reading.texts[0] === job.truth;
    const totals = { totalMs: reading.totalMs + startMs, restMs: reading.restMs + startMs };
    const sample = sampleOf([{ ...reading, ...totals, isRight }]);
    return { sample, peakBytes: await peakBytesOf(contender.pid) };
  } finally {
    await contender.close();
  }
}
