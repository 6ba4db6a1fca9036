import { dirname } from 'node:path';
import { Command } from 'commander';
import type { Board } from '../board/board.ts';
import { probeBoard } from '../board/probe-board.ts';
import { ScenecastError } from '../domain/errors.ts';
import { type EnginePlan, expectationOf, type Rates } from '../planning/plan-engine.ts';
import { choiceKey, countMeasurements, type TuneChoice, type TuneSpace, tune } from '../planning/tune.ts';
import { engineOptionsOf, type Planned, planFor } from '../setup/engine.ts';
import { jobOf, usualJob } from '../setup/job.ts';
import { QuietBoard } from '../setup/quiet-board.ts';
import { tuneKeyOf, tuneStoreOf } from '../setup/tuning.ts';
import { requireState } from '../system/state-access.ts';
import { chooseCpuModule } from '../vision/native/cpu-module.ts';
import { measureEngine } from '../vision/one-shot/measure-engine.ts';
import { chosenFiles, chosenModel } from './chosen-model.ts';
import { progressBar } from './progress-bar.ts';

interface Flags {
  readonly config?: string;
  readonly model?: string;
  readonly reset?: true;
  readonly allowLoad?: true;
  readonly json?: true;
}

/** One tile of LLaVA; no ubatch size that is tried exceeds it. */
const prefillTokens = 576;
const decodeTokens = 16;
const ubatchSizes = [576, 288, 128] as const;

/** `scenecast tune`: measures which settings run the model fastest on this board, and stores them for the plan. */
export function tuneCommand(signal: AbortSignal): Command {
  return new Command('tune')
    .description('measure which settings run a model fastest on this board; takes a few minutes')
    .option('-c, --config <file>', 'tune for this config')
    .option('--model <folder>', 'folder with a text GGUF and its mmproj GGUF, or name of a pulled model')
    .option('--reset', 'discard earlier measurements')
    .option('--allow-load', 'measure and keep the results although other programs use the CPUs')
    .option('--json', 'print JSON')
    .exitOverride()
    .action((flags: Flags) => runTune(flags, signal));
}

async function runTune(flags: Flags, signal: AbortSignal): Promise<void> {
  requireState('write');
  const { config, role, key: section, model: chosen } = await chosenModel(flags);
  // The plan's own choice of threads is tuned, whatever the config says.
  const model = { ...chosen, threads: null };
  const files = await chosenFiles({ key: section, model }, flags);
  const board = await probeBoard({ modelsFolder: dirname(files.text) });
  const cpuModule = chooseCpuModule(board.features);
  const job = config ? jobOf(config, role) : usualJob;
  const { pictureSizes } = job;
  const input = { files, key: section, model, job, cpuModule, tuning: null };
  const [{ plan, sizing }] = (await planFor(board, [input], signal)) as [Planned];

  const store = tuneStoreOf(process.env);
  const key = await tuneKeyOf(files, board);
  const earlier = await store.read(key);
  const measured: Record<string, Rates> = flags.reset ? {} : { ...earlier.measured };
  const detail = sizing.details.find((each) => each.detail === plan.detail)!;
  const secondsOf = (rates: Rates): number => expectationOf(rates, detail, sizing).totalSeconds;
  const space = spaceOf(board, plan, cpuModule);
  const start = {
    cpuModule,
    threads: plan.threads,
    threadsBatch: plan.threadsBatch,
    cpus: plan.cpus,
    flashAttention: plan.flashAttention,
    ubatchSize: plan.ubatchSize,
  };
  const progress = progressOf(countMeasurements(space), secondsOf);
  const quiet = new QuietBoard({ warn: (text) => process.stderr.write(`warning: ${text}\n`), signal });
  const contextSize = Math.max(plan.contextSize, prefillTokens + decodeTokens);
  try {
    const { best, startRates } = await tune({
      start,
      space,
      secondsOf,
      known: new Map(Object.entries(measured)),
      measure: (choice) => {
        const tried = { ...plan, ...choice, contextSize };
        const engine = engineOptionsOf(model, files, tried, choice.cpuModule);
        const measured = () => measureEngine({ engine, pictureSizes, prefillTokens, decodeTokens }, signal);
        return flags.allowLoad ? measured() : quiet.measure(measured);
      },
      onMeasured: async (choice, rates, isKnown) => {
        progress(choice, rates);
        if (isKnown) return;
        measured[choiceKey(choice)] = rates;
        await store.write(key, { best: earlier.best, measured });
      },
    });
    await store.write(key, { best, measured });
    const result = { best, best_seconds: secondsOf(best.rates), untuned_seconds: secondsOf(startRates) };
    process.stdout.write(`${flags.json ? JSON.stringify(result, null, 2) : resultText(result)}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new ScenecastError('interrupted; measurements are kept: run scenecast tune again to continue', {
      cause: error,
    });
  }
}

/** The settings to try on this board. */
function spaceOf(board: Board, plan: EnginePlan, cpuModule: string | null): TuneSpace {
  const big = plan.cpus ?? board.allowedCpus;
  const max = Math.max(plan.threads, plan.threadsBatch);
  const counts = [...new Set([max, max - 1, Math.ceil(max / 2)])].filter((count) => count >= 1);
  const isQuota = board.cpuQuota !== null && board.cpuQuota < board.allowedCpus.length;
  const all = board.allowedCpus.length;
  return {
    cpuModules: cpuModule === null ? [null] : [cpuModule, null],
    cpus: all > big.length && !isQuota ? [{ threads: all, threadsBatch: all, cpus: null }] : [],
    threadsBatch: counts,
    threads: counts,
    flashAttention: ['on', 'off'],
    // A picture that must be computed in one ubatch allows no smaller one.
    ubatchSizes: plan.ubatchSize > ubatchSizes[0] ? [plan.ubatchSize] : ubatchSizes,
  };
}

function progressOf(
  max: number,
  secondsOf: (rates: Rates) => number,
): (choice: TuneChoice, rates: Rates) => void {
  let count = 0;
  return (choice, rates) => {
    count++;
    const line = `${choiceText(choice)}: ${secondsOf(rates).toFixed(2)} s per description`;
    if (process.stderr.isTTY)
      process.stderr.write(`\r\x1b[K${progressBar(Math.min(1, count / max))} ${line}`);
    else process.stderr.write(`${count} of at most ${max}: ${line}\n`);
  };
}

function choiceText(choice: TuneChoice): string {
  const { threads, threadsBatch, cpus, flashAttention, ubatchSize, cpuModule } = choice;
  const where = cpus === null ? '' : ` on CPU ${cpus.join(',')}`;
  const module = cpuModule === null ? 'prebuilt kernels' : 'tuned kernels';
  return `${threads} threads, ${threadsBatch} for batches${where}, flash attention ${flashAttention}, ubatch ${ubatchSize}, ${module}`;
}

function resultText({
  best,
  best_seconds: bestSeconds,
  untuned_seconds: untunedSeconds,
}: {
  readonly best: TuneChoice & { readonly rates: Rates };
  readonly best_seconds: number;
  readonly untuned_seconds: number;
}): string {
  const { encodeMs, prefill, decode } = best.rates;
  return [
    ...(process.stderr.isTTY ? [''] : []),
    `best: ${choiceText(best)}`,
    `  encode ${Math.round(encodeMs)} ms per square, prefill ${prefill.toFixed(1)} tokens/s, decode ${decode.toFixed(1)} tokens/s`,
    `  description time ${bestSeconds.toFixed(2)} s, untuned ${untunedSeconds.toFixed(2)} s`,
    'used from the next start',
  ].join('\n');
}
