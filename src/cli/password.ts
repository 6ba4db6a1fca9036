import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Command } from 'commander';
import { maxPasswordLength } from '../contract/window.ts';
import { ScenecastError } from '../domain/errors.ts';
import { hashPassword } from '../system/password-hash.ts';

/** Shorter ones can be guessed. */
const minLength = 8;

/** `scenecast password`: prints the hash of a password for `web.password_hash`. */
export function passwordCommand(signal: AbortSignal): Command {
  return new Command('password')
    .description('print the hash of a password for web.password_hash')
    .exitOverride()
    .action(() => password(signal));
}

async function password(signal: AbortSignal): Promise<void> {
  const isTerminal = process.stdin.isTTY === true;
  const lines = lineReader(isTerminal, signal);
  try {
    const first = await lines.next('Password: ');
    if (isTerminal && (await lines.next('Once more: ')) !== first)
      throw new ScenecastError('the two passwords differ');
    if (first.length < minLength || first.length > maxPasswordLength)
      throw new ScenecastError(
        `the password must have ${minLength} to ${maxPasswordLength} characters (it has ${first.length})`,
      );
    process.stdout.write(`${await hashPassword(first)}\n`);
  } finally {
    lines.close();
  }
}

/** Reads lines; those typed at a terminal are not shown. */
function lineReader(isTerminal: boolean, signal: AbortSignal) {
  // What is typed would be written here.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: isTerminal, signal });
  // Ctrl-C is a key while the terminal does not show what is typed.
  lines.once('SIGINT', () => lines.close());
  const iterator = lines[Symbol.asyncIterator]();
  return {
    next: async (prompt: string): Promise<string> => {
      if (isTerminal) process.stderr.write(prompt);
      const { done, value } = await iterator.next();
      if (isTerminal) process.stderr.write('\n');
      if (done) throw new ScenecastError('no password was given');
      return value;
    },
    close: () => lines.close(),
  };
}
