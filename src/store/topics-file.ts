import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { replaceFile } from '../system/replace-file.ts';

const maxFileBytes = 4 * 2 ** 20;

const fileSchema = z.strictObject({
  version: z.literal(1),
  /** Path of the config file that the device had its name in. */
  config: z.string().optional(),
  topics: z.array(z.string()),
});

/** The file of a device in the state folder. */
export function topicsFile(folder: string, device: string): string {
  return join(folder, `topics-${device}.json`);
}

/**
 * Adds topics to those in a file, and returns all of them. None is ever removed: a broker that was away may not know yet that
 * a topic was cleared. A file that cannot be read or written is logged and ignored.
 */
export async function rememberTopics(
  path: string,
  topics: readonly string[],
  config: string,
  log: Log,
): Promise<string[]> {
  const earlier = await read(path).catch((error: unknown) => {
    if (!isMissingFile(error)) log.warn({ path, reason: messageOf(error) }, 'topics file cannot be read');
    return { topics: [], config: undefined };
  });
  const all = [...new Set([...earlier.topics, ...topics])].sort();
  if (all.length === earlier.topics.length && earlier.config === config) return all;
  try {
    await replaceFile(path, `${JSON.stringify({ version: 1, config, topics: all }, null, 2)}\n`);
  } catch (error) {
    const reason = messageOf(error);
    log.warn(
      { path, reason },
      'topics file cannot be written; topics of removed cameras will stay at the broker',
    );
  }
  return all;
}

/** Names that the device of a config file had before, by their files in the state folder. */
export async function formerDevices(folder: string, device: string, config: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []);
  const others = entries.flatMap((entry) => /^topics-(.+)\.json$/.exec(entry)?.[1] ?? []);
  const former: string[] = [];
  for (const other of others.filter((name) => name !== device).sort()) {
    const file = await read(topicsFile(folder, other)).catch(() => null);
    if (file?.config === config) former.push(other);
  }
  return former;
}

async function read(path: string): Promise<z.output<typeof fileSchema>> {
  return fileSchema.parse(JSON.parse((await readRegularFile(path, maxFileBytes)).toString()));
}
