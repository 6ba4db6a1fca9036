import { constants, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncToDisk } from './sync-to-disk.ts';

// Never through a link that another user has put there.
const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Replaces a file atomically, even if the power fails; creates its folder if necessary. Only its owner may read it, unless
 * `mode` says otherwise; what root writes belongs to the owner of the folder.
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const folder = dirname(path);
  const partial = `${path}.${process.pid}.partial`;
  await mkdir(folder, { recursive: true });
  // Left by a killed process: in a container, process ids are the same after each start.
  await rm(partial, { force: true });
  try {
    await using file = await open(partial, flags, mode);
    // Else a service could not read what a command run by root has written into its folder.
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(folder);
      await file.chown(uid, gid);
    }
    await file.writeFile(content);
    // Otherwise a power cut could leave the new name without its bytes.
    await file.sync();
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncToDisk(folder);
}
