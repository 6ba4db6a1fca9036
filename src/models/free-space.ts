import { statfs } from 'node:fs/promises';
import { ScenecastError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';

/** The bytes that this user may still write to a folder's file system. */
export type FreeBytes = (folder: string) => Promise<number>;

/** Must stay free: a full root file system affects more than this program. */
const reserveBytes = 256 * 1024 * 1024;

export const freeBytesOf: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/**
 * Checks that there is enough space, with a reserve of 256 MiB.
 * @param purpose what needs it, in the error
 * @throws ScenecastError with the figures and the remedy.
 */
export async function requireFreeSpace(
  folder: string,
  neededBytes: number,
  freeBytes: FreeBytes = freeBytesOf,
  purpose = 'download',
): Promise<void> {
  if (neededBytes === 0) return;
  const free = await freeBytes(folder);
  if (free >= neededBytes + reserveBytes) return;
  throw new ScenecastError(
    `${folder}: the ${purpose} needs ${formatBytes(neededBytes)} and ${formatBytes(reserveBytes)} must stay free, but only ${formatBytes(free)} is free; free ${formatBytes(neededBytes + reserveBytes - free)} more, or choose another disk with --dir`,
  );
}
