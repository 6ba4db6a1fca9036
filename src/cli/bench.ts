import { loadavg } from 'node:os';
import { basename } from 'node:path';
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { Board } from '../board/board.ts';
import { readCpuClocks } from '../board/cpu-clocks.ts';
import { KernelFiles } from '../board/kernel-files.ts';
import { readProcessMemory } from '../board/process-memory.ts';
import { readBoardHealth } from '../board/read-board-health.ts';
import { readSoftware } from '../board/read-software.ts';
import { drawScene } from '../camera/scene-draw.ts';
import { sampleScene } from '../camera/scene-layout.ts';
import { readPicture } from '../camera/still.ts';
import type { Config } from '../config/schema.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import { ScenecastError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { ModelRole } from '../domain/model-role.ts';
import { setUpEngine } from '../setup/engine.ts';
import { type EngineJob, jobOf } from '../setup/job.ts';
import { requireState } from '../system/state-access.ts';
import type { EngineClient } from '../vision/process/engine-client.ts';
import {
  type BenchPicture,
  type BenchReport,
  type BoardHeat,
  benchJson,
  benchText,
  loadWarning,
} from './bench-text.ts';
import { chosenFiles, chosenModel } from './chosen-model.ts';
import { progressBar } from './progress-bar.ts';
import { withEngine } from './with-engine.ts';

interface Flags {
  readonly config?: string;
  readonly model?: string;
  readonly picture?: readonly string[];
  readonly json?: true;
}

interface NamedPicture {
  readonly name: string;
  readonly picture: Picture;
}

/** The same on every board, so that figures can be compared. */
const sceneSeeds = [1, 2, 3, 4, 5] as const;
const sceneSize = { width: 1280, height: 720 } as const;

/** `scenecast bench`: describes pictures, and reports the times with what they depend on. */
export function benchCommand(signal: AbortSignal): Command {
  return new Command('bench')
    .description('measure descriptions on this board; prints Markdown tables')
    .option('-c, --config <file>', "use this config's model and plan")
    .option('--model <folder>', 'folder with a text GGUF and its mmproj GGUF, or name of a pulled model')
    .option('--picture <file...>', 'describe these pictures (default: five drawn scenes of 1280x720)')
    .option('--json', 'print JSON')
    .exitOverride()
    .action((flags: Flags) => bench(flags, signal));
}

async function bench(flags: Flags, signal: AbortSignal): Promise<void> {
  requireState('read');
  const loadAverage = loadavg()[0]!;
  const { config, role, key, model } = await chosenModel(flags);
  const files = await chosenFiles({ key, model }, flags);
  const pictures = await picturesOf(flags.picture ?? []);
  const warning = loadWarning(loadAverage);
  if (warning !== null) process.stderr.write(`scenecast: ${warning}\n`);
  try {
    const job = jobFor(config, role, pictures);
    const { board, plan, options } = await setUpEngine(model, files, job, signal);
    const before = await readHeat(board);
    const measured = await withEngine(options, model.deadline, signal, async (engine, info) => ({
      engine: info,
      pictures: await describeAll(pictures, engine, signal),
      after: await readHeat(board),
      peakBytes: await readPeaks(engine.pid),
    }));
    const software = await readSoftware();
    const report: BenchReport = {
      version: packageJson.version,
      ...{ board, software, plan, loadAverage, before, ...measured },
    };
    process.stdout.write(`${flags.json ? JSON.stringify(benchJson(report), null, 2) : benchText(report)}\n`);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new ScenecastError('interrupted', { cause: error });
  }
}

function picturesOf(paths: readonly string[]): Promise<NamedPicture[]> {
  if (paths.length > 0)
    return Promise.all(
      paths.map(async (path) => ({ name: basename(path), picture: await readPicture(path) })),
    );
  return Promise.all(
    sceneSeeds.map(async (seed) => ({
      name: `scene ${seed}`,
      picture: { bytes: await drawScene(sampleScene(seed, sceneSize)), size: sceneSize },
    })),
  );
}

/** The config's job, with the pictures and the prompt of this command. */
function jobFor(config: Config | null, role: ModelRole | null, pictures: readonly NamedPicture[]): EngineJob {
  const base = config ? jobOf(config, role) : { pictureSizes: [], prompts: [], questions: [[]] };
  return {
    ...base,
    pictureSizes: [...base.pictureSizes, ...pictures.map(({ picture }) => picture.size)],
    prompts: [...base.prompts, defaultPrompt],
  };
}

async function describeAll(
  pictures: readonly NamedPicture[],
  engine: EngineClient,
  signal: AbortSignal,
): Promise<BenchPicture[]> {
  const done: BenchPicture[] = [];
  for (const [index, { name, picture }] of pictures.entries()) {
    showProgress(done, pictures.length);
    // With a camera of its own, a picture has no earlier answers as drafts, which may be right or wrong.
    const frame = { id: String(index), camera: `picture-${index}` };
    const start = performance.now();
    const { timings, tokens } = await engine.describe(
      { picture, prompt: defaultPrompt, questions: [], frame },
      signal,
    );
    done.push({ name, timings, tokens, totalMs: performance.now() - start });
  }
  showProgress(done, pictures.length);
  return done;
}

function showProgress(done: readonly BenchPicture[], count: number): void {
  const last = done.at(-1);
  const line = last ? `${last.name}: ${(last.totalMs / 1000).toFixed(2)} s` : '';
  if (process.stderr.isTTY)
    process.stderr.write(`\r\x1b[Kdescribing ${progressBar(done.length / count)} ${line}`);
  else if (last) process.stderr.write(`${done.length} of ${count}: ${line}\n`);
}

async function readHeat({ clusters }: Board): Promise<BoardHeat> {
  const { temperatureC, clockLimited, underVoltage } = (await readBoardHealth([])).board;
  const clocks = await readCpuClocks(new KernelFiles('/'));
  const allowedMHz = clusters.map(({ cpus }) => {
    const allowed = cpus.map((cpu) => clocks.get(cpu)?.allowedMHz ?? null).filter((clock) => clock !== null);
    return allowed.length === 0 ? null : Math.min(...allowed);
  });
  return { temperatureC, clockLimited, underVoltage, allowedMHz };
}

async function readPeaks(enginePid: number | null): Promise<BenchReport['peakBytes']> {
  const files = new KernelFiles('/');
  return {
    engine: enginePid === null ? null : await readProcessMemory(files, enginePid, 'VmHWM'),
    command: await readProcessMemory(files, process.pid, 'VmHWM'),
  };
}
