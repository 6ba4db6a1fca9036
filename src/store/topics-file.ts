import { z } from 'zod';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { replaceFile } from '../system/replace-file.ts';

const maxFileBytes = 4 * 2 ** 20;

const fileSchema = z.strictObject({ version: z.literal(1), topics: z.array(z.string()) });

/**
 * Adds topics to those in a file, and returns all of them. None is ever removed: a broker that was away may not know yet that
 * a topic was cleared. A file that cannot be read or written is logged and ignored.
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
      'topics file cannot be written; topics of removed cameras will stay at the broker',
    );
  }
  return all;
}

async function topicsIn(path: string, log: Log): Promise<string[]> {
  try {
    const text = (await readRegularFile(path, maxFileBytes)).toString();
    return fileSchema.parse(JSON.parse(text)).topics;
  } catch (error) {
    if (!isMissingFile(error)) log.warn({ path, reason: messageOf(error) }, 'topics file cannot be read');
    return [];
  }
}
