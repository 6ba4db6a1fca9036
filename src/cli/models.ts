import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { probeBoard } from '../board/probe-board.ts';
import { size } from '../config/units.ts';
import { ScenecastError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { loadCatalogue } from '../models/catalogue.ts';
import { diskFault } from '../models/disk-fault.ts';
import { pullModel } from '../models/download/pull.ts';
import type { TowerChoice, TowerQuant } from '../models/download/tower-choice.ts';
import {
  defaultModelsFolder,
  installedNames,
  removeModel,
  verifyModel,
} from '../models/installed/installed.ts';
import { pinsOf } from '../models/installed/lock-file.ts';
import { requireState } from '../system/state-access.ts';
import { gainsFromQ8Tower } from '../vision/native/tower-quant.ts';
import { quantizeFile } from '../vision/one-shot/quantize.ts';
import { flagCollector } from './flag-parser.ts';
import { type AccessFlags, hubAccessOf } from './models-access.ts';
import { type InspectFlags, inspect, inspectionText, isModelPath } from './models-inspect.ts';
import { describeModel, listModels } from './models-list.ts';
import { showPull } from './models-progress.ts';
import { modelText, tableOf } from './models-text.ts';
import { pullSourcesOf } from './pull-sources.ts';

interface Flags {
  readonly dir?: string;
  readonly json?: true;
}

interface PullFlags extends Flags, AccessFlags {
  readonly name?: string;
  readonly as?: string;
  readonly quantMmproj?: TowerQuant;
  readonly acceptChange?: true;
}

/** `scenecast models`: lists, shows, pulls, verifies and removes models. */
export function modelsCommand(signal: AbortSignal): Command {
  const models = new Command('models')
    .description('list, show, pull, verify and remove models')
    .exitOverride();
  const add = (nameAndArgs: string, description: string): Command =>
    models
      .command(nameAndArgs)
      .description(description)
      .option('--dir <folder>', 'models folder (default: in the state folder)')
      .option('--json', 'print JSON')
      .exitOverride();
  add(
    'list',
    'list the catalogue, what fits this board and how long it takes, and other installed models',
  ).action(list);
  add('show <name-or-file>', 'show a model of the catalogue, or the metadata of a GGUF file')
    .option('--mmproj <file>', 'mmproj of a text GGUF (default: the one next to it)')
    .option('--size <size>', 'picture size to count image tokens for; repeatable', flagCollector(size))
    .option('--template <name>', 'show this chat template instead of the detected one')
    .action((target: string, flags: Flags & InspectFlags) => show(target, flags, signal));
  add('pull <name-or-address...>', 'download a catalogue model, or files by address; or resume a pull')
    .option('--name <name>', 'name of a model pulled by address')
    .option('--as <file>', 'name of the file on this machine (one address)')
    .option('--endpoint <url>', 'use this host instead of the hub')
    .option('--token-file <file>', 'file with a Hugging Face token (default: the variable HF_TOKEN)')
    .option(
      '--quant-mmproj <type>',
      "type of LLaVA's vision tower: Q8_0, quantised after the download, or F16, as published (default: Q8_0 if this CPU gains from it)",
      parseTowerQuant,
    )
    .option('--accept-change', 'accept files that differ from the pinned ones, and pin them')
    .action((names: string[], flags: PullFlags) => pull(names, flags, signal));
  add('verify [name]', 'compare the files of one model, or of all, with their pinned digests').action(
    (name: string | undefined, flags: Flags) => verify(name, flags, signal),
  );
  add('remove <name>', 'remove the files of a model')
    .option('--forget', 'remove its pinned digests too')
    .action(remove);
  return models;
}

async function list(flags: Flags): Promise<void> {
  const board = await probeBoard();
  const rows = await listModels(loadCatalogue(), folderOf(flags, 'read'), board);
  print(flags.json ? JSON.stringify(rows, null, 2) : tableOf(rows, board));
}

async function show(target: string, flags: Flags & InspectFlags, signal: AbortSignal): Promise<void> {
  if (await isModelPath(target)) {
    const model = await inspect(target, flags, signal);
    print(flags.json ? JSON.stringify(model, null, 2) : inspectionText(model));
    return;
  }
  const model = await describeModel(loadCatalogue(), folderOf(flags, 'read'), target, await probeBoard());
  print(flags.json ? JSON.stringify(model, null, 2) : modelText(model));
}

async function pull(names: readonly string[], flags: PullFlags, signal: AbortSignal): Promise<void> {
  const modelsFolder = folderOf(flags, 'write');
  const access = await hubAccessOf(flags, process.env, signal);
  const wanted = { names, modelName: flags.name, fileName: flags.as };
  const catalogue = loadCatalogue();
  const { name, sources } = await pullSourcesOf(wanted, catalogue, modelsFolder);
  const licence = catalogue.find((entry) => entry.name === name)?.licence;
  if (licence !== undefined) process.stderr.write(`licence of ${name}: ${licence}\n`);
  const onEvent = showPull(process.stderr);
  const tower = await towerChoice(flags.quantMmproj ?? null, signal);
  const request = { name, sources, acceptChange: flags.acceptChange ?? false, tower };
  const { folder, status, files, fault } = await pullModel(request, modelsFolder, access, onEvent);
  if (flags.json) {
    const lines = files.map(({ name: file, path, pin, published }) => ({
      file,
      path,
      size_bytes: (pin.quantized ?? pin).sizeBytes,
      sha256: (pin.quantized ?? pin).sha256,
      checked_against: pin.checkedAgainst,
      address: pin.address,
      revision: pin.revision,
      quantized_from: pin.quantized && { file: published, size_bytes: pin.sizeBytes, sha256: pin.sha256 },
    }));
    print(JSON.stringify({ name, folder, status, fault, files: lines }, null, 2));
    return;
  }
  const isChecked = files.every(({ pin }) => pin.checkedAgainst !== null);
  const result =
    status === 'present'
      ? 'already installed; its files match the pinned digests'
      : isChecked
        ? "installed; its files match the hub's digests, which are now pinned"
        : 'installed; the hub has no digests, so those of the downloaded files are pinned';
  const lack = fault === null ? '' : `\nIt cannot be used yet: it ${fault}`;
  print(`${name}: ${result}\n${folder}${lack}`);
}

/** The vision tower's type on this board, and llama.cpp's own quantiser in a child process. */
async function towerChoice(chosen: TowerQuant | null, signal: AbortSignal): Promise<TowerChoice> {
  const { arch, features } = await probeBoard();
  return {
    chosen,
    standard: gainsFromQ8Tower(arch, features) ? 'Q8_0' : 'F16',
    quantize: (inputPath, outputPath, type, onProgress) =>
      quantizeFile({ inputPath, outputPath, type, threads: availableParallelism(), signal, onProgress }),
  };
}

function parseTowerQuant(name: string): TowerQuant {
  const type = name.toUpperCase();
  if (type !== 'F16' && type !== 'Q8_0') throw new InvalidArgumentError('It must be F16 or Q8_0.');
  return type;
}

async function verify(name: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  const folder = folderOf(flags, 'read');
  const names = name === undefined ? await installedNames(folder) : [name];
  if (names.length === 0) process.stderr.write(`scenecast: ${folder}: no models\n`);
  const results = [];
  for (const each of names)
    for (const file of await verifyModel(folder, each, signal)) {
      results.push({
        model: each,
        file: file.name,
        state: file.state,
        sha256: file.sha256,
        pinned: file.record?.sha256 ?? null,
      });
      if (!flags.json) print(`${file.state.padEnd(8)} ${each}/${file.name} ${file.sha256 ?? ''}`.trimEnd());
    }
  if (flags.json) print(JSON.stringify(results, null, 2));
  const bad = results.filter(({ state }) => state === 'changed' || state === 'missing');
  if (bad.length === 0) return;
  const models = [...new Set(bad.map(({ model }) => model))];
  throw new ScenecastError(
    `${bad.length} of ${results.length} files are changed or missing; run scenecast models pull ${models.join(', ')}`,
  );
}

async function remove(name: string, flags: Flags & { readonly forget?: true }): Promise<void> {
  const folder = folderOf(flags, 'write');
  const { freedBytes, left } = await removeModel(folder, name, flags.forget ?? false).catch((error) => {
    throw diskFault(error, folder);
  });
  const isPinned = Object.keys(await pinsOf(folder, name)).length > 0;
  if (flags.json) {
    print(JSON.stringify({ name, freed_bytes: freedBytes, left, pinned: isPinned }, null, 2));
    return;
  }
  print(`removed ${name}, freed ${formatBytes(freedBytes)}`);
  if (left.length > 0) print(`left in its folder, not model files: ${left.join(', ')}`);
  if (isPinned) print('its digests stay pinned and a later pull must match them (--forget removes them)');
}

/** @throws ConfigError if the state folder is another user's */
function folderOf({ dir }: Flags, need: 'read' | 'write'): string {
  if (dir !== undefined) return resolve(dir);
  requireState(need);
  return defaultModelsFolder(process.env);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
