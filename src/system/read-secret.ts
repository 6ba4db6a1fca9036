import { ConfigError } from '../domain/errors.ts';
import { readUtf8 } from './read-text.ts';

const maxSecretBytes = 64 * 1024;

/**
 * The secret on the first line of a file. Spaces belong to it; a byte order mark and the end of the line do not.
 * @throws ConfigError naming the file as `label`, never with its content
 */
export async function readSecret(path: string, label: string): Promise<string> {
  const [line = ''] = (await readUtf8(path, label, maxSecretBytes)).split(/\r?\n|\r/, 1);
  if (line === '') throw new ConfigError(`${label}: its first line is empty; write the password there`);
  return line;
}
