import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { configCommand } from './cli/config.ts';
import { convertCommand } from './cli/convert.ts';
import { describeCommand } from './cli/describe.ts';
import { doctorCommand } from './cli/doctor.ts';
import { listenCommand } from './cli/listen.ts';
import { modelsCommand } from './cli/models.ts';
import { planCommand } from './cli/plan.ts';
import { runCommand } from './cli/run.ts';
import { sceneCommand } from './cli/scene.ts';
import { tuneCommand } from './cli/tune.ts';
import { exitCodes, messageOf, ScenecastError } from './domain/errors.ts';

const stop = new AbortController();
// Once each: a second Ctrl-C ends the process at once, as a person expects.
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

const program = new Command('scenecast')
  .description(packageJson.description)
  .version(packageJson.version)
  .exitOverride();
for (const command of [
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
])
  program.addCommand(command(stop.signal));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportOf(error);
}

/** Tells what went wrong, and gives the exit code for it. */
function reportOf(error: unknown): number {
  // Commander has already said what it had to say (help, version or a wrong flag).
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof ScenecastError) {
    process.stderr.write(`scenecast: ${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`scenecast: ${error instanceof Error ? error.stack : messageOf(error)}\n`);
  return exitCodes.failure;
}
