import { realpath, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { blockDeviceKind } from './block-device.ts';
import type { Board, StorageKind } from './board.ts';
import { type KernelFiles, withinDeadline } from './kernel-files.ts';
import { type Mount, mountOf } from './mount-table.ts';

/** In the root of a recorded tree: `{"total_bytes": …, "free_bytes": …}` of the models folder's file system. */
const recordedSpace = '/scenecast-statfs.json';

/** Kinds of the file systems that have no block device. */
const kindsByType: Readonly<Record<string, StorageKind>> = {
  tmpfs: 'memory',
  ramfs: 'memory',
  nfs: 'network',
  nfs4: 'network',
  cifs: 'network',
  smb3: 'network',
  ceph: 'network',
  '9p': 'network',
  'fuse.sshfs': 'network',
  'fuse.glusterfs': 'network',
  virtiofs: 'virtual',
};

/**
 * The storage that a folder is on, and its space. The folder need not exist yet.
 * @param isLive whether the kernel is this machine's: only then statfs is possible.
 * @returns null if the free space is unknown.
 */
export async function readStorage(
  files: KernelFiles,
  mounts: readonly Mount[],
  folder: string,
  isLive: boolean,
): Promise<Board['storage']> {
  const existing = isLive ? await existingFolder(folder) : resolve('/', folder);
  const space = isLive ? await spaceOf(existing) : await readSpace(files);
  if (!space) return null;
  const mount = mountOf(existing, mounts);
  return { folder, kind: mount && (await kindOf(files, mount)), ...space };
}

async function kindOf(files: KernelFiles, mount: Mount): Promise<StorageKind | null> {
  return kindsByType[mount.fsType] ?? blockDeviceKind(files, mount.device, mount.source);
}

/** The folder or its nearest existing ancestor, with links resolved. */
async function existingFolder(folder: string): Promise<string> {
  for (let path = resolve(folder); path !== '/'; path = dirname(path)) {
    const real = await withinDeadline(realpath(path));
    if (real !== null) return real;
  }
  return '/';
}

async function spaceOf(folder: string): Promise<Space | null> {
  const answer = await withinDeadline(statfs(folder));
  if (!answer) return null;
  const { blocks, bavail, bsize } = answer;
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}

interface Space {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

async function readSpace(files: KernelFiles): Promise<Space | null> {
  let space: { readonly total_bytes?: unknown; readonly free_bytes?: unknown } | null;
  try {
    space = JSON.parse((await files.text(recordedSpace)) ?? 'null');
  } catch {
    return null;
  }
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  return isSize(space?.total_bytes) && isSize(space.free_bytes)
    ? { totalBytes: space.total_bytes, freeBytes: space.free_bytes }
    : null;
}
