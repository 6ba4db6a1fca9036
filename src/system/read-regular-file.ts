import type { Stats } from 'node:fs';
import { constants, open } from 'node:fs/promises';

/**
 * The bytes of a regular file of limited size, links followed. Rejects for anything else: reading a pipe or a device could
 * block for ever.
 */
export async function readRegularFile(path: string, maxBytes: number): Promise<Buffer> {
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a file`);
  if (stats.size > maxBytes)
    throw new Error(`it is larger than ${Math.floor(maxBytes / 1024)} KiB (${stats.size} bytes)`);
  return await file.readFile();
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  return 'a device or socket';
}
