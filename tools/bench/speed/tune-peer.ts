import type { ModelFiles } from '../../../src/models/installed/locate.ts';
import type { EngineOptions } from '../../../src/vision/process/protocol.ts';
import { BusyCore } from './busy-core.ts';
import type { Job } from './contender.ts';
import { LlamaServer } from './llama-server.ts';
import type { BenchModel } from './models.ts';
import { type PeerThreads, threadArguments, threadChoices } from './peer-threads.ts';
import { median } from './result.ts';
import { roundOf } from './scenes.ts';

/** Of a small model's pictures: the first ones are slower. */
const warmPictures = 2;
/** A round that is not measured. */
const tuningRound = 99;
/** Of setTimeout. */
const maxTimerMs = 2 ** 31 - 1;
const tuned = new Map<string, Promise<PeerThreads>>();

/**
 * llama-server's fastest threads for a model's changing pictures, found once for each model.
 * @param isBusy while another process keeps one core busy
 */
export function tunedThreads(
  model: BenchModel,
  files: ModelFiles,
  engine: EngineOptions,
  { isBusy = false } = {},
): Promise<PeerThreads> {
  const key = `${model.name} ${engine.threads} ${isBusy}`;
  const known = tuned.get(key) ?? tune(model, files, engine, isBusy);
  tuned.set(key, known);
  return known;
}

async function tune(
  model: BenchModel,
  files: ModelFiles,
  engine: EngineOptions,
  isBusy: boolean,
): Promise<PeerThreads> {
  const choices = threadChoices(engine.threads);
  if (choices.length === 1 || model.isSlow) return choices[0]!;
  const jobs = await roundOf('changing', model, tuningRound);
  await using stack = new AsyncDisposableStack();
  if (isBusy) stack.adopt(BusyCore.start(), (busy) => busy.close());
  const best = await fastestOf(choices, (threads) => LlamaServer.start(model, files, engine, threads), jobs);
  console.error(`  llama-server is fastest with ${threadArguments(best).join(' ')}`);
  return best;
}

/** The part of a contender used here. */
interface Tuned {
  describe(job: Job, signal: AbortSignal): Promise<{ readonly totalMs: number }>;
  close(): Promise<void>;
}

/**
 * Describes the pictures with each choice, and returns the one with the shortest median. A choice is given up as soon as
 * one picture takes half as long again as the best choice's median.
 */
export async function fastestOf<Choice extends object | string>(
  choices: readonly Choice[],
  start: (choice: Choice) => Promise<Tuned>,
  jobs: readonly Job[],
): Promise<Choice> {
  let best: { choice: Choice; medianMs: number } = {
    choice: choices[0]!,
    medianMs: Number.POSITIVE_INFINITY,
  };
  for (const choice of choices) {
    const program = await start(choice);
    try {
      const medianMs = await medianTimeMs(program, jobs, best.medianMs * 1.5);
      if (medianMs < best.medianMs) best = { choice, medianMs };
    } finally {
      await program.close();
    }
  }
  return best.choice;
}

/** Infinity if a picture takes longer than `limitMs`. */
async function medianTimeMs(program: Tuned, jobs: readonly Job[], limitMs: number): Promise<number> {
  const times: number[] = [];
  for (const [index, job] of jobs.entries()) {
    const isWarmUp = index < Math.min(warmPictures, jobs.length - 1);
    const signal = AbortSignal.timeout(isWarmUp ? maxTimerMs : Math.min(Math.ceil(limitMs), maxTimerMs));
    try {
      const { totalMs } = await program.describe(job, signal);
      if (!isWarmUp) times.push(totalMs);
    } catch (error) {
      if (signal.aborted) return Number.POSITIVE_INFINITY;
      throw error;
    }
  }
  return median(times);
}
