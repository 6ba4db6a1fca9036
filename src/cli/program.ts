import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { expandHome } from '../config/units.ts';
import { waitForSlowAddresses } from '../system/slow-addresses.ts';

// Loaded on demand: importing all of them takes seconds on a board.
const commands: Record<string, () => Promise<(signal: AbortSignal) => Command>> = {
  run: async () => (await import('./run.ts')).runCommand,
  describe: async () => (await import('./describe.ts')).describeCommand,
  models: async () => (await import('./models.ts')).modelsCommand,
  convert: async () => (await import('./convert.ts')).convertCommand,
  label: async () => (await import('./label.ts')).labelCommand,
  eval: async () => (await import('./eval.ts')).evalCommand,
  plan: async () => (await import('./plan.ts')).planCommand,
  tune: async () => (await import('./tune.ts')).tuneCommand,
  bench: async () => (await import('./bench.ts')).benchCommand,
  config: async () => (await import('./config.ts')).configCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  listen: async () => (await import('./listen.ts')).listenCommand,
  history: async () => (await import('./history.ts')).historyCommand,
  watch: async () => (await import('./watch.ts')).watchCommand,
  forget: async () => (await import('./forget.ts')).forgetCommand,
  password: async () => (await import('./password.ts')).passwordCommand,
  scene: async () => (await import('./scene.ts')).sceneCommand,
};

/**
 * The `scenecast` command with the subcommand `name`, or with all of them if there is none of that name. The man page and
 * the completion are generated from it too.
 */
export async function createProgram(signal: AbortSignal, name = ''): Promise<Command> {
  const program = new Command('scenecast')
    .description(packageJson.description)
    .version(packageJson.version)
    // Options after a subcommand are the subcommand's: doctor and doctor board both have --json.
    .enablePositionalOptions()
    .exitOverride()
    .hook('preAction', waitForSlowAddresses);
  const names = Object.hasOwn(commands, name) ? [name] : Object.keys(commands);
  for (const command of await Promise.all(names.map((each) => commands[each]!())))
    program.addCommand(command(signal));
  return program;
}

/** With the home folder for `~` in arguments such as `--config=~/config.yaml`: shells expand it only after a space. */
export function expandedArguments(argv: readonly string[]): string[] {
  return argv.map((each) => {
    const [, flag, value] = /^(--[\w-]+=)(~.*)$/s.exec(each) ?? [];
    return flag === undefined ? each : `${flag}${expandHome(value!)}`;
  });
}
