import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncToDisk } from './sync-to-disk.ts';

/** Replaces a file atomically, even if the power fails; creates its folder if necessary. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await using file = await open(partial, 'w');
    await file.writeFile(text);
    // Otherwise a power cut could leave the new name without its bytes.
    await file.sync();
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncToDisk(dirname(path));
}
