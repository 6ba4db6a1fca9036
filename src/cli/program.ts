import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };

// Each with what it imports, which for all of them together takes a board seconds: only what is asked for is loaded.
const commands: Record<string, () => Promise<(signal: AbortSignal) => Command>> = {
  run: async () => (await import('./run.ts')).runCommand,
  describe: async () => (await import('./describe.ts')).describeCommand,
  models: async () => (await import('./models.ts')).modelsCommand,
  convert: async () => (await import('./convert.ts')).convertCommand,
  plan: async () => (await import('./plan.ts')).planCommand,
  tune: async () => (await import('./tune.ts')).tuneCommand,
  config: async () => (await import('./config.ts')).configCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  listen: async () => (await import('./listen.ts')).listenCommand,
  scene: async () => (await import('./scene.ts')).sceneCommand,
};

/**
 * The `scenecast` command with the subcommand `asked`; with all of them where none is asked for by its name. The man page and
 * the completion are made from it too.
 */
export async function createProgram(signal: AbortSignal, asked = ''): Promise<Command> {
  const program = new Command('scenecast')
    .description(packageJson.description)
    .version(packageJson.version)
    .exitOverride();
  const names = Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands);
  for (const command of await Promise.all(names.map((name) => commands[name]!())))
    program.addCommand(command(signal));
  return program;
}
