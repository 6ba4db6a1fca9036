import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ScenecastError } from '../../domain/errors.ts';

/**
 * Asks for a password on the terminal, which does not show it.
 * @throws ScenecastError for Ctrl-C, and if the signal aborts
 */
export async function askPassword(prompt: string, signal: AbortSignal): Promise<string> {
  const interrupted = new AbortController();
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  // In this mode Ctrl-C sends no signal.
  lines.on('SIGINT', () => interrupted.abort());
  // The end of the input: Ctrl-D.
  lines.on('close', () => interrupted.abort());
  process.stderr.write(prompt);
  try {
    return await lines.question('', { signal: AbortSignal.any([signal, interrupted.signal]) });
  } catch (cause) {
    throw new ScenecastError('interrupted', { cause });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
