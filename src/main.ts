import { CommanderError } from 'commander';
import { createProgram } from './cli/program.ts';
import { exitCodes, messageOf, ScenecastError } from './domain/errors.ts';

const stop = new AbortController();
// Once each: a second Ctrl-C ends the process at once, as a person expects.
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

try {
  const program = await createProgram(stop.signal, process.argv[2]);
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
