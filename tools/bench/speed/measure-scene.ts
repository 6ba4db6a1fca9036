import { loadavg } from 'node:os';
import { BusyCore } from './busy-core.ts';
import { type Contender, memoryBytesOf } from './contender.ts';
import { Gated } from './gated.ts';
import { LlamaServer } from './llama-server.ts';
import { type BenchModel, filesOf } from './models.ts';
import { runMtmdCli } from './mtmd-cli.ts';
import { threadArguments } from './peer-threads.ts';
import { median, type Sample, type SceneResult } from './result.ts';
import { type JobReading, sampleOf } from './sample.ts';
import { Scenecast } from './scenecast.ts';
import { roundOf, type SceneJob, type SceneName } from './scenes.ts';
import { formatMs } from './table.ts';
import { tunedThreads } from './tune-peer.ts';
import { hereAndNow } from './where-and-when.ts';

export interface MeasureOptions {
  readonly rounds: number;
  /** Of both sides; null: as planned. */
  readonly threads: number | null;
  readonly codeDigest: string;
  readonly onProgress: (round: number, ours: Sample, theirs: Sample) => void;
}

/** Measures one scene with one model: both sides loaded and warm, then ours, theirs, ours, theirs. */
export async function measureScene(
  model: BenchModel,
  scene: Exclude<SceneName, 'cold'>,
  { rounds, threads, codeDigest, onProgress }: MeasureOptions,
): Promise<SceneResult> {
  const loadBefore = loadavg()[0]!;
  const files = await filesOf(model);
  const first = await roundOf(scene, model, 0);
  await using stack = new AsyncDisposableStack();
  const engine = stack.adopt(await Scenecast.start(model, files, first[0]!, threads), (one) => one.close());
  const peerThreads = await tunedThreads(model, files, engine.options, { isBusy: scene === 'busy' });
  const server = stack.adopt(await LlamaServer.start(model, files, engine.options, peerThreads), (one) =>
    one.close(),
  );
  const ours: Contender = scene === 're-encoded' ? new Gated(engine) : engine;
  // Warm with the pictures of a round that is not measured.
  const warmUp = model.isSlow ? [] : (await roundOf(scene, model, rounds)).slice(0, 2);
  for (const job of warmUp) {
    await ours.describe(job);
    await server.describe(job);
  }
  if (scene === 'busy') stack.adopt(BusyCore.start(), (busy) => busy.close());
  const samples = { ours: [] as Sample[], theirs: [] as Sample[] };
  for (let round = 0; round < rounds; round++) {
    const jobs = await roundOf(scene, model, round);
    samples.ours.push(await runRound(ours, jobs));
    samples.theirs.push(await runRound(server, jobs));
    onProgress(round, samples.ours.at(-1)!, samples.theirs.at(-1)!);
  }
  const notes: string[] = [];
  if (scene === 'slow') notes.push(await compareWithoutDrafts(engine, model, rounds));
  if (scene === 'changing' && !model.isSlow) {
    // A large model takes long to load, and its times differ little.
    const jobs = first.slice(0, model.shape ? 1 : rounds);
    const times: number[] = [];
    for (const job of jobs)
      times.push((await runMtmdCli(model, files, engine.options, peerThreads, job)).reading.totalMs);
    notes.push(
      `llama-mtmd-cli, which loads the model for each picture, takes ${formatMs(median(times))} from the start of its process`,
    );
  }
  const { cpu, build } = engine.info;
  return {
    ...{ model: model.name, scene, ...hereAndNow(), cpu, build, threads: engine.options.threads },
    ...{ codeDigest, roundCount: rounds, loadBefore, loadAfter: loadavg()[0]! },
    ours: { rounds: samples.ours, peakBytes: await memoryBytesOf(ours.pid, 'VmHWM') },
    peers: [
      {
        name: 'llama-server',
        threads: threadArguments(peerThreads).join(' '),
        rounds: samples.theirs,
        peakBytes: await memoryBytesOf(server.pid, 'VmHWM'),
      },
    ],
    notes,
  };
}

async function runRound(contender: Contender, jobs: readonly SceneJob[]): Promise<Sample> {
  const readings: JobReading[] = [];
  for (const job of jobs) {
    const reading = await contender.describe(job);
    if (job.isTimed) readings.push({ ...reading, isRight: reading.texts[0] === job.truth });
  }
  return sampleOf(readings);
}

/** Drafts must not change the text: describes a round with drafts, then without. */
async function compareWithoutDrafts(engine: Contender, model: BenchModel, rounds: number): Promise<string> {
  const jobs = await roundOf('slow', model, rounds);
  let equal = 0;
  const sums = { drafted: 0, plain: 0 };
  for (const [index, job] of jobs.entries()) {
    const drafted = await engine.describe(job);
    const plain = await engine.describe({ ...job, camera: `no-draft-${index}` });
    if (drafted.texts.join() === plain.texts.join()) equal++;
    sums.drafted += drafted.generateMs;
    sums.plain += plain.generateMs;
  }
  const each = (ms: number): string => `${(ms / jobs.length).toFixed(1)} ms`;
  return (
    `text with drafts equal to text without in ${equal} of ${jobs.length} pictures; ` +
    `generation ${each(sums.drafted)} with drafts, ${each(sums.plain)} without`
  );
}
