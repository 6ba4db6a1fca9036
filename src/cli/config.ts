import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { probeBoard } from '../board/probe-board.ts';
import { listIpCameras } from '../camera/list-ip-cameras.ts';
import { listV4l2Cameras } from '../camera/v4l2-list.ts';
import { configAdvice } from '../config/config-advice.ts';
import { configuredModels } from '../config/configured-models.ts';
import { framesLeaveTo } from '../config/frames-leave.ts';
import { loadConfig } from '../config/load.ts';
import { engineModeOf } from '../daemon/engine-mode.ts';
import { loadCatalogue } from '../models/catalogue.ts';
import { defaultModelsFolder } from '../models/installed/installed.ts';
import { modelFilesOf } from '../setup/model-files.ts';
import { proposalLines, proposeCameras, proposeIpCameras, proposeModels } from './config-proposals.ts';

interface Flags {
  readonly json?: true;
}

/** `scenecast config`: checks a config, and proposes values for one. */
export function configCommand(signal: AbortSignal): Command {
  const config = new Command('config')
    .description('check a config, or list cameras and models for one')
    .exitOverride();
  config
    .command('check')
    .description('check a config and that its model is installed; exit with 78 if not')
    .argument('[file]', 'YAML config file')
    .option('-c, --config <file>', 'the same, as other commands take it')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(check);
  config
    .command('propose')
    .description(
      'list cameras, those of the local network too, and models that fit this board, as tab-separated kind, name, detail and description',
    )
    .option('--json', 'print JSON')
    .exitOverride()
    .action((flags: Flags) => propose(flags, signal));
  return config;
}

async function check(
  argument: string | undefined,
  flags: Flags & { readonly config?: string },
  command: Command,
): Promise<void> {
  const file = argument ?? flags.config;
  if (file === undefined) command.error("error: missing argument 'file'");
  if (argument !== undefined && flags.config !== undefined)
    command.error('error: name one file, not an argument and --config');
  const path = resolve(file);
  const config = await loadConfig(path);
  if (engineModeOf(config).hasOwn)
    for (const { key, model } of configuredModels(config)) await modelFilesOf(model, dirname(path), key);
  const [cameras, found] = [Object.keys(config.cameras), configAdvice(config)];
  const leave = framesLeaveTo(config);
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ file: path, cameras, frames_leave: leave, advice: found }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(`${path}: valid; cameras: ${cameras.join(', ')}\n`);
  if (leave.length > 0) process.stdout.write(`frames leave this board: ${leave.join(', ')}\n`);
  for (const advice of found) process.stderr.write(`warning: ${advice}\n`);
}

async function propose({ json }: Flags, signal: AbortSignal): Promise<void> {
  const searching = listIpCameras(null, signal);
  searching.catch(() => {});
  const board = await probeBoard({ modelsFolder: defaultModelsFolder(process.env) });
  const { cameras } = await listV4l2Cameras();
  const proposals = [
    ...proposeCameras(cameras),
    ...proposeIpCameras(await searching),
    ...proposeModels(loadCatalogue(), board),
  ];
  process.stdout.write(json ? `${JSON.stringify(proposals, null, 2)}\n` : proposalLines(proposals));
}
