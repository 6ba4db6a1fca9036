import { open } from 'node:fs/promises';

/** Waits until a file's bytes, or a folder's list of files (renames included), are on the disk. */
export async function syncToDisk(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
