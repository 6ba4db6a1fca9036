import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncToDisk } from '../../system/sync-to-disk.ts';
import { type FreeBytes, requireFreeSpace } from '../free-space.ts';
import { formatAddress, type HubAddress } from '../hub-address.ts';
import type { FolderLock } from '../installed/folder-lock.ts';
import { changePins, isIntact } from '../installed/installed.ts';
import { lockFilePath, type ModelPins, type Pin } from '../installed/lock-file.ts';
import { type DownloadEvent, downloadFile } from './file.ts';
import { HubError } from './hub-error.ts';
import { describeRemoteFile, type RemoteFile } from './hub-file.ts';
import type { HubAccess } from './hub-request.ts';
import { type DownloadPart, statePathOf } from './part.ts';
import { quantizedForm, type TowerChoice, type TowerEvent } from './tower-choice.ts';

/** One file to pull. */
export interface PullFile {
  readonly address: HubAddress;
  /** On this machine. */
  readonly name: string;
  readonly role: 'text' | 'mmproj' | null;
  /** From the catalogue. */
  readonly sha256: string | null;
}

export interface PulledFile {
  readonly name: string;
  readonly path: string;
  /** Of the published file, from which this one may be quantised (`pin.quantized`). */
  readonly pin: Pin;
  /** The published file's name. */
  readonly published: string;
}

/** Events of a pull, for display. */
export type PullEvent =
  | { readonly type: 'source'; readonly addresses: readonly string[]; readonly sizeBytes: number | null }
  | { readonly type: 'source-failed' | 'retry'; readonly reason: string }
  | { readonly type: 'incomplete'; readonly fault: string }
  | { readonly type: 'file-done'; readonly file: string }
  | TowerEvent
  | (DownloadEvent & { readonly file: string });

/** The state of a pull that all sources share. */
export interface PullContext {
  readonly name: string;
  readonly modelsFolder: string;
  readonly folder: string;
  /** At the start of the pull. */
  readonly pins: ModelPins;
  readonly acceptChange: boolean;
  readonly tower: TowerChoice;
  readonly access: HubAccess;
  readonly freeBytes: FreeBytes;
  readonly lock: FolderLock;
  readonly onEvent: (event: PullEvent) => void;
}

/**
 * Pulls every file of one source.
 * @throws HubError if this source does not have them, or they are not the pinned ones; ScenecastError if no other source
 *   could help.
 */
export async function pullSource(files: readonly PullFile[], context: PullContext): Promise<PulledFile[]> {
  const { folder, access, freeBytes, onEvent } = context;
  const remotes: RemoteFile[] = [];
  for (const file of files) {
    const remote = await describeRemoteFile(file.address, access);
    // Before gigabytes are downloaded in vain.
    if (remote.digest?.algorithm === 'sha256') refuseChanged(file, remote.digest.hex, context);
    remotes.push(remote);
  }
  const sizes = remotes.map(({ sizeBytes }) => sizeBytes);
  const sizeBytes = sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + size!, 0);
  onEvent({ type: 'source', addresses: remotes.map(({ address }) => address), sizeBytes });
  await requireFreeSpace(folder, await missingBytes(files, sizes, context), freeBytes);
  const pulled: PulledFile[] = [];
  for (const [index, file] of files.entries()) pulled.push(await pullFile(file, remotes[index]!, context));
  return pulled;
}

async function pullFile(file: PullFile, remote: RemoteFile, context: PullContext): Promise<PulledFile> {
  const { folder, pins, access, freeBytes, onEvent } = context;
  const { name } = file;
  const path = join(folder, name);
  if (remote.digest?.algorithm === 'sha256') {
    const { sizeBytes, digest } = remote;
    const sha256 = digest.hex;
    const pinned = pins[name]?.sha256 === sha256 ? pins[name] : undefined;
    const quantized = await quantizedForm(pinned, folder, context.tower, access.signal);
    if (pinned && quantized)
      return { name: quantized.file, path: join(folder, quantized.file), pin: pinned, published: name };
    if (await isIntact(path, { sizeBytes, sha256 }, access.signal)) {
      const { size } = await stat(path);
      const pin = pinned ?? pinOf(file, remote, size, sha256);
      await changePins(context.modelsFolder, context.name, (all) => ({ ...all, [name]: pin }));
      return { name, path, pin, published: name };
    }
  }
  const part = await downloadFile(remote, path, {
    access,
    onEvent: (event) => onEvent({ ...event, file: name }),
    requireSpace: (neededBytes) => requireFreeSpace(folder, neededBytes, freeBytes),
  });
  try {
    const sha256 = part.sha256();
    try {
      refuseChanged(file, sha256, context);
    } catch (error) {
      await part.discard();
      throw error;
    }
    // What was quantised from an earlier download is replaced with it, or removed.
    const { quantized = null, isKept = false } = pins[name] ?? {};
    const pin = { ...pinOf(file, remote, part.length, sha256), quantized, isKept };
    const pulled = { name, path, pin, published: name };
    await install(part, pulled, context);
    onEvent({ type: 'file-done', file: name });
    return pulled;
  } finally {
    await part.close();
  }
}

/** Gives a checked part its final name. */
async function install(
  part: DownloadPart,
  { name, path, pin }: PulledFile,
  context: PullContext,
): Promise<void> {
  await context.lock.requireHeld();
  // The pin first: a file with its final name but no pin would look like the user's own.
  await changePins(context.modelsFolder, context.name, (pins) => ({ ...pins, [name]: pin }));
  await rename(part.path, path);
  await rm(statePathOf(part.path), { force: true });
  await syncToDisk(context.folder);
}

function pinOf(file: PullFile, remote: RemoteFile, sizeBytes: number, sha256: string): Pin {
  return {
    role: file.role,
    address: remote.address,
    revision: remote.revision,
    sizeBytes,
    sha256,
    checkedAgainst: remote.digest?.algorithm ?? null,
    pinnedAt: new Date().toISOString(),
    quantized: null,
    isKept: false,
  };
}

/** Refuses a file that differs from the pinned one, or from the catalogue's. */
function refuseChanged(file: PullFile, sha256: string, context: PullContext): void {
  if (context.acceptChange) return;
  const ofSameRole = Object.values(context.pins).find(({ role }) => role !== null && role === file.role);
  const pin = context.pins[file.name] ?? ofSameRole;
  const expected = pin?.sha256 ?? file.sha256;
  if (expected === null || expected === sha256) return;
  const expectation = pin
    ? `${expected} was pinned on ${pin.pinnedAt.slice(0, 10)}, from ${pin.address} (${lockFilePath(context.modelsFolder)})`
    : `the catalogue has ${expected}`;
  throw new HubError(
    `${formatAddress(file.address)}: its SHA-256 is ${sha256}, but ${expectation}: the file differs and was not installed; if you trust it, run this again with --accept-change`,
    { isTemporary: false },
  );
}

/** Bytes still to download, as far as the sizes are known. */
async function missingBytes(
  files: readonly PullFile[],
  sizes: readonly (number | null)[],
  { folder, pins, tower, access }: PullContext,
): Promise<number> {
  let missing = 0;
  for (const [index, { name }] of files.entries()) {
    if (await quantizedForm(pins[name], folder, tower, access.signal)) continue;
    const path = join(folder, name);
    const whole = (await stat(path).catch(() => null))?.size ?? 0;
    const part = (await stat(`${path}.part`).catch(() => null))?.size ?? 0;
    const sizeBytes = sizes[index] ?? 0;
    // A file of another size will be replaced; until then both are on the disk.
    missing += whole === sizeBytes ? 0 : Math.max(0, sizeBytes - part);
  }
  return missing;
}
