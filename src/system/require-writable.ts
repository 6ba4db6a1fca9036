import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError, isMissingFile, messageOf } from '../domain/errors.ts';

/** @throws ConfigError if a file cannot be created at a path, or the file that is there cannot be written */
export async function requireWritable(path: string): Promise<void> {
  try {
    const found = await stat(path).catch((error: unknown) => {
      if (!isMissingFile(error)) throw error;
    });
    if (found?.isDirectory()) throw new Error('it is a folder');
    if (found) await access(path, constants.W_OK);
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new ConfigError(`${path}: cannot be written: ${messageOf(cause)}`, { cause });
  }
}
