import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, messageOf, ScenecastError } from '../../domain/errors.ts';
import { type FreeBytes, freeBytesOf } from '../free-space.ts';
import { fileNameOf, formatAddress } from '../hub-address.ts';
import { takeLock } from '../installed/folder-lock.ts';
import { changePins, isIntact, modelFolder, pullLockPath } from '../installed/installed.ts';
import { type ModelPins, pinsOf } from '../installed/lock-file.ts';
import { type HubAccess, HubError } from './hub-request.ts';
import { statePathOf } from './part.ts';
import { type PullContext, type PullEvent, type PulledFile, type PullFile, pullSource } from './source.ts';

export interface PullRequest {
  readonly name: string;
  /** Tried in this order; all files come from the same one. */
  readonly sources: readonly (readonly PullFile[])[];
  /** Take files that are not the ones that were pinned, and pin those. */
  readonly acceptChange: boolean;
}

export interface PulledModel {
  readonly name: string;
  readonly folder: string;
  /** `present`: everything was there already and has the pinned digests; no hub was asked. */
  readonly status: 'pulled' | 'present';
  readonly files: readonly PulledFile[];
}

/**
 * Brings a model's files to `<modelsFolder>/<name>/`. A file gets its final name only when it is whole, has the
 * hub's digest, is pinned in the lock file and is on the disk; a pull that ended in whatever way goes on where
 * it was when it is started again.
 * @throws ScenecastError where no source has the files, they are not the pinned ones, there is no room, another
 *   process pulls the same model, or the person aborts.
 */
export async function pullModel(
  { name, sources, acceptChange }: PullRequest,
  modelsFolder: string,
  access: HubAccess,
  onEvent: (event: PullEvent) => void = () => {},
  freeBytes: FreeBytes = freeBytesOf,
): Promise<PulledModel> {
  const folder = modelFolder(modelsFolder, name);
  for (const files of sources) requireDistinctNames(files);
  await mkdir(folder, { recursive: true });
  const lock = await takeLock(pullLockPath(modelsFolder, name), `${name} is already being pulled`, 0);
  try {
    const pins = await pinsOf(modelsFolder, name);
    if (!acceptChange)
      for (const files of sources) {
        const present = await presentFiles(folder, files, pins, access.signal);
        if (!present) continue;
        await removeParts(sources.flat(), folder);
        return { name, folder, status: 'present', files: present };
      }
    const context: PullContext = {
      name,
      modelsFolder,
      folder,
      pins,
      acceptChange,
      access,
      freeBytes,
      lock,
      onEvent,
    };
    const files = await fromFirstOf(pinnedFirst(sources, pins), context);
    await removeLeftovers(sources.flat(), files, context);
    return { name, folder, status: 'pulled', files };
  } catch (error) {
    if (!access.signal.aborted) throw error;
    throw new ScenecastError(
      `${name}: stopped; what has come is kept, and the same command goes on from there`,
      { cause: error },
    );
  } finally {
    // Of a pull that brought nothing, nothing stays; a folder with anything inside is left.
    await rmdir(folder).catch(() => {});
    await lock.release();
  }
}

async function fromFirstOf(sources: PullRequest['sources'], context: PullContext): Promise<PulledFile[]> {
  const failures: string[] = [];
  for (const files of sources) {
    try {
      return await pullSource(files, context);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      failures.push(messageOf(error));
      // The last one's reason is in the error.
      if (files !== sources.at(-1)) context.onEvent({ type: 'source-failed', reason: error.message });
    }
  }
  const [only] = failures;
  throw new ScenecastError(
    only !== undefined && failures.length === 1
      ? only
      : `${context.name}: no source has it:\n  ${failures.join('\n  ')}`,
  );
}

/**
 * Removes what a source left that this one took the place of: its parts, and, for a model of the catalogue, the
 * files of its roles, because a folder holds one model.
 */
async function removeLeftovers(
  candidates: readonly PullFile[],
  pulled: readonly PulledFile[],
  { name, modelsFolder, folder, pins }: PullContext,
): Promise<void> {
  await removeParts(candidates, folder);
  const isPulled = (file: string): boolean => pulled.some((each) => each.name === file);
  const roles = pulled.map(({ pin }) => pin.role).filter((role) => role !== null);
  const replaced = Object.entries(pins).filter(
    ([file, { role }]) => role !== null && roles.includes(role) && !isPulled(file),
  );
  if (replaced.length === 0) return;
  for (const [file] of replaced) await rm(join(folder, file), { force: true });
  await changePins(modelsFolder, name, (all) =>
    Object.fromEntries(Object.entries(all).filter(([file]) => !replaced.some(([gone]) => gone === file))),
  );
}

/** Of files that are whole, or that other files took the place of. A pull that was killed at its end leaves some. */
async function removeParts(files: readonly PullFile[], folder: string): Promise<void> {
  for (const { address } of files) {
    const part = `${join(folder, fileNameOf(address))}.part`;
    for (const path of [part, statePathOf(part)]) await rm(path, { force: true });
  }
}

/** The files, where each is there as it was pinned from that very address; else null. */
async function presentFiles(
  folder: string,
  files: readonly PullFile[],
  pins: ModelPins,
  signal: AbortSignal,
): Promise<PulledFile[] | null> {
  const found: PulledFile[] = [];
  for (const { address } of files) {
    const name = fileNameOf(address);
    const pin = pins[name];
    const path = join(folder, name);
    if (pin?.address !== formatAddress(address) || !(await isIntact(path, pin, signal))) return null;
    found.push({ name, path, pin });
  }
  return found;
}

/** The source that the model was pinned from first: the others may hold other conversions of it. */
function pinnedFirst(sources: PullRequest['sources'], pins: ModelPins): PullRequest['sources'] {
  const isPinned = (files: readonly PullFile[]): boolean =>
    files.some(({ address }) => pins[fileNameOf(address)]?.address === formatAddress(address));
  return [...sources.filter(isPinned), ...sources.filter((files) => !isPinned(files))];
}

function requireDistinctNames(files: readonly PullFile[]): void {
  const names = files.map(({ address }) => fileNameOf(address));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice)
    throw new ConfigError(
      `${twice}: two of the addresses end in this name; pull them into models of different names`,
    );
}
