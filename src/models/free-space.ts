import { statfs } from 'node:fs/promises';
import { ScenecastError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';

/** The bytes that this user may still write to a folder's file system. */
export type FreeBytes = (folder: string) => Promise<number>;

/** Left over after a download: a full root file system stops more than this program. */
const reserveBytes = 256 * 1024 * 1024;

export const freeBytesOf: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/**
 * Makes sure that there is room, with a reserve of 256 MiB.
 * @throws ScenecastError with the figures and what to do.
 */
export async function requireFreeSpace(
  folder: string,
  neededBytes: number,
  freeBytes: FreeBytes = freeBytesOf,
): Promise<void> {
  if (neededBytes === 0) return;
  const free = await freeBytes(folder);
  if (free >= neededBytes + reserveBytes) return;
  throw new ScenecastError(
    `${folder}: ${formatBytes(neededBytes)} are still to be downloaded and ${formatBytes(reserveBytes)} must stay free, but only ${formatBytes(free)} are: make room for ${formatBytes(neededBytes + reserveBytes - free)} more, or choose another disk with --dir`,
  );
}
