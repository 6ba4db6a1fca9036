import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { configCommand } from './config.ts';
import { convertCommand } from './convert.ts';
import { describeCommand } from './describe.ts';
import { doctorCommand } from './doctor.ts';
import { listenCommand } from './listen.ts';
import { modelsCommand } from './models.ts';
import { planCommand } from './plan.ts';
import { runCommand } from './run.ts';
import { sceneCommand } from './scene.ts';
import { tuneCommand } from './tune.ts';

const commands = [
  runCommand,
  describeCommand,
  modelsCommand,
  convertCommand,
  planCommand,
  tuneCommand,
  configCommand,
  doctorCommand,
  listenCommand,
  sceneCommand,
];

/** The `scenecast` command with all its subcommands; the man page and the completion are made from it too. */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('scenecast')
    .description(packageJson.description)
    .version(packageJson.version)
    .exitOverride();
  for (const command of commands) program.addCommand(command(signal));
  return program;
}
