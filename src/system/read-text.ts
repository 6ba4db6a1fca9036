import { readFile } from 'node:fs/promises';
import { ConfigError, isMissingFile, messageOf } from '../domain/errors.ts';

/** The text of a file. @throws ConfigError naming it as `label` if it cannot be read */
export async function readText(path: string, label: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${label}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The text of a file; null if there is none. @throws ConfigError if there is one that cannot be read */
export async function readOptionalText(path: string): Promise<string | null> {
  try {
    return await readText(path, path);
  } catch (error) {
    if (isMissingFile((error as ConfigError).cause)) return null;
    throw error;
  }
}
