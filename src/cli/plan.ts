import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Board } from '../board/board.ts';
import { probeBoard } from '../board/probe-board.ts';
import { readBoard } from '../board/read-board.ts';
import type { Config, ModelConfig } from '../config/schema.ts';
import { bytes, size } from '../config/units.ts';
import { type ModelDetail, modelDetails } from '../domain/detail.ts';
import { ConfigError } from '../domain/errors.ts';
import type { Size } from '../domain/frame.ts';
import type { ModelRole } from '../domain/model-role.ts';
import { loadCatalogue } from '../models/catalogue.ts';
import { fetchHeader } from '../models/download/remote-header.ts';
import { fileNameOf, isAddress, parseAddress, partAddressesOf } from '../models/hub-address.ts';
import { defaultModelsFolder, modelFolder } from '../models/installed/installed.ts';
import { wholeGguf } from '../models/installed/locate.ts';
import { type ModelToRun, planFor } from '../setup/engine.ts';
import { type EngineJob, jobOf, usualJob } from '../setup/job.ts';
import { tuningOf } from '../setup/tuning.ts';
import { requireState } from '../system/state-access.ts';
import { chooseCpuModule } from '../vision/native/cpu-module.ts';
import { chosenFiles, chosenModels, withPictureFlags } from './chosen-model.ts';
import { flagCollector, flagParser, parsePositive } from './flag-parser.ts';
import { hubAccessOf } from './models-access.ts';
import { plansJson, plansText } from './plan-text.ts';

interface Flags {
  readonly config?: string;
  readonly board?: string;
  readonly model?: string;
  readonly mmproj?: string;
  readonly camera?: readonly Size[];
  readonly questions?: number;
  readonly memory?: number;
  readonly detail?: ModelDetail;
  readonly imageTokens?: number;
  readonly endpoint?: string;
  readonly tokenFile?: string;
  readonly json?: true;
}

/** `scenecast plan`: whether a model fits a board, how it would run, and why. */
export function planCommand(signal: AbortSignal): Command {
  return new Command('plan')
    .description('show how a model would run on this board or another one')
    .option('-c, --config <file>', 'plan for this config')
    .option(
      '--board <path>',
      "output of `doctor board --json`, or a folder with another board's /proc and /sys",
    )
    .option(
      '--model <model>',
      'text GGUF, folder, catalogue name or address; of a remote file only the header is fetched',
    )
    .option('--mmproj <file>', 'mmproj file or address')
    .option('--camera <size>', 'picture size; repeatable (default: common sizes)', flagCollector(size))
    .option('--questions <count>', 'number of standing yes/no questions', parseCount)
    .option('--detail <detail>', 'level of detail: changed, full, balanced or overview', parseDetail)
    .option('--image-tokens <count>', 'maximum image tokens of a picture', parsePositive)
    .option('--memory <amount>', 'memory limit of the engine, such as 2GiB', flagParser(bytes))
    .option('--endpoint <url>', 'use this host instead of the hub')
    .option('--token-file <file>', 'file with a Hugging Face token (default: the variable HF_TOKEN)')
    .option('--json', 'print JSON')
    .exitOverride()
    .action((flags: Flags) => plan(flags, signal));
}

async function plan(flags: Flags, signal: AbortSignal): Promise<void> {
  requireState('read');
  const { config, models } = await chosenModels(flags);
  const scratch = await mkdtemp(join(tmpdir(), 'scenecast-plan-'));
  try {
    const found: ModelToRun[] = [];
    for (const { role, key, model } of models)
      found.push({
        key,
        model: withFlags(model, flags),
        files: await filesOf({ key, model }, flags, scratch, signal),
        job: jobFor(config, role, flags),
      });
    const board =
      flags.board === undefined
        ? await probeBoard({ modelsFolder: dirname(found[0]!.files.text) })
        : await readBoard(resolve(flags.board));
    const inputs = await Promise.all(
      found.map((each) => planInputOf(each, board, flags.board === undefined)),
    );
    const planned = await planFor(board, inputs, signal);
    const shown = planned.map((each, index) => ({ board, key: inputs[index]!.key, ...each }));
    process.stdout.write(`${flags.json ? JSON.stringify(plansJson(shown), null, 2) : plansText(shown)}\n`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function planInputOf({ key = 'model', ...model }: ModelToRun, board: Board, isThisBoard: boolean) {
  const tuning = isThisBoard ? await tuningOf(model.files, board) : null;
  // Another architecture's kernels cannot run here; they need about as much memory as this machine's.
  const ours = board.arch === process.arch ? chooseCpuModule(board.features) : null;
  return { key, ...model, tuning, cpuModule: tuning ? tuning.cpuModule : ours };
}

function withFlags(chosen: ModelConfig, { memory, ...flags }: Flags): ModelConfig {
  return { ...withPictureFlags(chosen, flags), ...(memory !== undefined && { memory }) };
}

function jobFor(config: Config | null, role: ModelRole | null, { camera, questions }: Flags): EngineJob {
  const base = config ? jobOf(config, role) : usualJob;
  return {
    ...base,
    ...(camera ? { pictureSizes: camera } : {}),
    ...(questions === undefined
      ? {}
      : {
          questions: [
            Array.from({ length: questions }, (_, index) => ({
              name: `question_${index + 1}`,
              ask: 'Is the gate open?',
              type: { kind: 'boolean' } as const,
            })),
          ],
        }),
  };
}

/** The model's two files: local ones, or the headers of remote ones, fetched into `scratch`. */
async function filesOf(
  chosen: Parameters<typeof chosenFiles>[0],
  flags: Flags,
  scratch: string,
  signal: AbortSignal,
): Promise<{ text: string; mmproj: string }> {
  const remote = remoteFilesOf(flags);
  if (remote) {
    const onRetry = (reason: string): void => void process.stderr.write(`${reason}; retrying\n`);
    const access = { ...(await hubAccessOf(flags, process.env, signal)), onRetry };
    const fetched = async (source: string): Promise<string> => {
      if (!isAddress(source)) return resolve(source);
      const parts = partAddressesOf(parseAddress(source));
      const paths = parts.map((address) => join(scratch, fileNameOf(address)));
      for (const [index, address] of parts.entries()) await fetchHeader(address, paths[index]!, access);
      return paths[0]!;
    };
    return { text: await fetched(remote.text), mmproj: await fetched(remote.mmproj) };
  }
  if (flags.model?.endsWith('.gguf')) {
    if (flags.mmproj === undefined)
      throw new ConfigError(`--model ${flags.model}: pass its mmproj too, with --mmproj`);
    return { text: await wholeGguf(resolve(flags.model)), mmproj: await wholeGguf(resolve(flags.mmproj)) };
  }
  const found = await chosenFiles(chosen, flags);
  return { text: found.text, mmproj: flags.mmproj === undefined ? found.mmproj : resolve(flags.mmproj) };
}

/** Addresses to fetch headers from: the flags', or those of a catalogue model that is not installed. */
function remoteFilesOf({ model, mmproj }: Flags): { text: string; mmproj: string } | null {
  if (model === undefined) return null;
  if (isAddress(model) || (mmproj !== undefined && isAddress(mmproj))) {
    if (mmproj === undefined) throw new ConfigError(`--model ${model}: pass its mmproj too, with --mmproj`);
    return { text: model, mmproj };
  }
  const entry = loadCatalogue().find(({ name }) => name === model);
  if (!entry || existsSync(modelFolder(defaultModelsFolder(process.env), model))) return null;
  const [source] = entry.sources;
  return { text: `${source!.at}/${source!.text.file}`, mmproj: `${source!.at}/${source!.mmproj.file}` };
}

function parseCount(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It must be a number from 0 to 999.');
  return Number(text);
}

function parseDetail(text: string): ModelDetail {
  const found = modelDetails.find((detail) => detail === text);
  if (!found) throw new InvalidArgumentError(`It must be one of ${modelDetails.toReversed().join(', ')}.`);
  return found;
}
