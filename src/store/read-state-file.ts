import { rename } from 'node:fs/promises';
import type { z } from 'zod';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { readRegularFile } from '../system/read-regular-file.ts';

const maxFileBytes = 4 * 2 ** 20;

/**
 * Reads a JSON file of the state folder. null: there is none, or it cannot be read, which is logged; a damaged one is moved
 * aside.
 * @param what the file holds, and what is done without it: for the log
 */
export async function readStateFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  { what, without }: { readonly what: string; readonly without: string },
  log: Log,
): Promise<z.output<Schema> | null> {
  let text: string;
  try {
    text = (await readRegularFile(path, maxFileBytes)).toString();
  } catch (error) {
    if (!isMissingFile(error))
      log.warn({ path, reason: messageOf(error) }, `${what} cannot be read; ${without}`);
    return null;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const aside = `${path}.damaged`;
    const moved = await rename(path, aside).then(
      () => aside,
      () => null,
    );
    log.warn({ path, aside: moved, reason: messageOf(error) }, `${what} damaged; ${without}`);
    return null;
  }
}
