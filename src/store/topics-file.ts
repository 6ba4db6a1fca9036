import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { replaceFile } from './replace-file.ts';

const fileSchema = z.strictObject({ version: z.literal(1), topics: z.array(z.string()) });

/**
 * Adds topics to those that a file remembers, and gives all that it then remembers. None is ever forgotten: whether a broker
 * that is away has heard that one was cleared is not known. What cannot be read or written is told, and goes without.
 */
export async function rememberTopics(path: string, topics: readonly string[], log: Log): Promise<string[]> {
  const earlier = await topicsIn(path, log);
  const all = [...new Set([...earlier, ...topics])].sort();
  if (all.length === earlier.length) return all;
  try {
    await replaceFile(path, `${JSON.stringify({ version: 1, topics: all }, null, 2)}\n`);
  } catch (error) {
    const reason = messageOf(error);
    log.warn(
      { path, reason },
      'cannot remember topics: those of a camera that is removed will stay at the broker',
    );
  }
  return all;
}

async function topicsIn(path: string, log: Log): Promise<string[]> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).topics;
  } catch (error) {
    if (!isMissingFile(error))
      log.warn({ path, reason: messageOf(error) }, 'remembered topics cannot be read');
    return [];
  }
}
