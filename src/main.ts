const stop = new AbortController();
// Once each: a second Ctrl-C ends the process immediately.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());

// Imported only now: loading takes seconds on a board, and until the lines above have run a signal kills the process.
const { CommanderError } = await import('commander');
const { createProgram, expandedArguments } = await import('./cli/program.ts');
const { exitCodes, messageOf, ScenecastError } = await import('./domain/errors.ts');

try {
  const program = await createProgram(stop.signal, process.argv[2]);
  await program.parseAsync(expandedArguments(process.argv));
} catch (error) {
  process.exitCode = printError(error);
}

/** Prints the error to stderr and returns its exit code. */
function printError(error: unknown): number {
  // Commander has already printed its message (help, version or an invalid flag).
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof ScenecastError) {
    process.stderr.write(`scenecast: ${error.message}\n`);
    return error.exitCode;
  }
  if (stop.signal.aborted && error instanceof Error && error.name === 'AbortError') {
    process.stderr.write('scenecast: interrupted\n');
    return exitCodes.failure;
  }
  process.stderr.write(`scenecast: ${error instanceof Error ? error.stack : messageOf(error)}\n`);
  return exitCodes.failure;
}
