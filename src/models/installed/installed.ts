import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ConfigError } from '../../domain/errors.ts';
import { stateFolder } from '../../domain/state-folder.ts';
import { syncToDisk } from '../../system/sync-to-disk.ts';
import { modelNamePattern } from '../hub-address.ts';
import { takeLock } from './folder-lock.ts';
import { expectedFiles, type FileRecord, type Pin, pinsOf, recordOf, writePins } from './lock-file.ts';
import { removePullNote } from './pull-note.ts';

/** One file of an installed model. */
export interface InstalledFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly record: FileRecord | null;
}

/** The result of verifying one file. `unpinned`: it was not pulled, so there is no digest to compare. */
export interface VerifiedFile {
  readonly name: string;
  readonly path: string;
  readonly state: 'good' | 'changed' | 'missing' | 'unpinned';
  readonly sha256: string | null;
  readonly record: FileRecord | null;
}

/** Where models are stored: below systemd's state folder, else the user's. */
export function defaultModelsFolder(env: NodeJS.ProcessEnv): string {
  return join(stateFolder(env), 'models');
}

/**
 * The folder of a model.
 * @throws ConfigError for an invalid name, which could lead out of the models folder.
 */
export function modelFolder(modelsFolder: string, name: string): string {
  if (!modelNamePattern.test(name))
    throw new ConfigError(
      `${name}: not a valid model name; use lower-case letters, digits and . _ -, with a letter or digit first`,
    );
  return join(modelsFolder, name);
}

/** The process lock of one model, and of the lock file that all models share. */
export const pullLockPath = (modelsFolder: string, name: string): string =>
  join(modelsFolder, `.${name}.pulling`);
export const lockFileLockPath = (modelsFolder: string): string =>
  join(modelsFolder, '.models.lock.json.writing');

/** The names of all folders with a GGUF inside, or a part of one. */
export async function installedNames(modelsFolder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(modelsFolder, { withFileTypes: true }).catch(() => [])) {
    if (!modelNamePattern.test(entry.name)) continue;
    const files = await readdir(join(modelsFolder, entry.name)).catch(() => []);
    if (files.some((file) => /\.gguf(?:\.part)?$/i.test(file))) names.push(entry.name);
  }
  return names.sort();
}

/** The GGUF files of a model's folder, with their records; empty if it is not installed. */
export async function installedFiles(modelsFolder: string, name: string): Promise<InstalledFile[]> {
  const folder = modelFolder(modelsFolder, name);
  const pins = await pinsOf(modelsFolder, name);
  const names = (await readdir(folder).catch(() => [])).filter((file) => /\.gguf$/i.test(file) || pins[file]);
  return Promise.all(
    names.sort().map(async (file) => {
      const path = join(folder, file);
      return { name: file, path, sizeBytes: (await stat(path)).size, record: recordOf(pins, file) };
    }),
  );
}

/**
 * Reads every file of a model and compares its SHA-256 with the pinned one.
 * @throws ConfigError if there is no such model.
 */
export async function verifyModel(
  modelsFolder: string,
  name: string,
  signal: AbortSignal,
): Promise<VerifiedFile[]> {
  const folder = modelFolder(modelsFolder, name);
  const pins = await pinsOf(modelsFolder, name);
  const present = (await installedFiles(modelsFolder, name)).map((file) => file.name);
  const names = [...new Set([...present, ...expectedFiles(pins)])].sort();
  if (names.length === 0) throw new ConfigError(`${folder}: no model found; see scenecast models list`);
  const found: VerifiedFile[] = [];
  for (const file of names) {
    const path = join(folder, file);
    const record = recordOf(pins, file);
    const sha256 = present.includes(file) ? await sha256Of(path, signal) : null;
    const state =
      sha256 === null
        ? 'missing'
        : record === null
          ? 'unpinned'
          : sha256 === record.sha256
            ? 'good'
            : 'changed';
    found.push({ name: file, path, state, sha256, record });
  }
  return found;
}

/** Whether a file exists with this size and SHA-256. */
export async function isIntact(
  path: string,
  { sizeBytes, sha256 }: { readonly sizeBytes: number | null; readonly sha256: string },
  signal: AbortSignal,
): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found === null || (sizeBytes !== null && found.size !== sizeBytes)) return false;
  return (await sha256Of(path, signal)) === sha256;
}

/**
 * Removes a model's files, and its folder if it is then empty. The pins stay, so that a new pull gets the same files.
 * @returns the freed bytes, and the other files that were left in the folder.
 * @throws ConfigError if there is no such model; ScenecastError while it is being pulled.
 */
export async function removeModel(
  modelsFolder: string,
  name: string,
  forgetPins: boolean,
): Promise<{ freedBytes: number; left: string[] }> {
  const folder = modelFolder(modelsFolder, name);
  const isLink = (await lstat(folder).catch(() => null))?.isSymbolicLink() === true;
  const present = await readdir(folder).catch(() => []);
  const exists = (await stat(folder).catch(() => null)) !== null;
  const own = present.filter((file) => /\.gguf(?:(?:\.part)+(?:\.json)?)?$/.test(file));
  const isPinned = Object.keys(await pinsOf(modelsFolder, name)).length > 0;
  if (own.length === 0 && !(forgetPins && isPinned))
    throw new ConfigError(`${folder}: no model found; see scenecast models list`);
  const lock = await takeLock(pullLockPath(modelsFolder, name), `${name} is being pulled`, 0);
  try {
    if (forgetPins) await changePins(modelsFolder, name, () => null);
    await removePullNote(modelsFolder, name);
    // For a link to a model elsewhere, remove only the link.
    if (isLink) {
      await rm(folder);
      return { freedBytes: 0, left: [] };
    }
    let freedBytes = 0;
    for (const file of own) {
      freedBytes += (await stat(join(folder, file))).size;
      await rm(join(folder, file));
    }
    const left = present.filter((file) => !own.includes(file));
    if (exists && left.length === 0) await rmdir(folder);
    await syncToDisk(modelsFolder);
    return { freedBytes, left };
  } finally {
    await lock.release();
  }
}

/** Changes the pins of one model, under the lock file's lock. */
export async function changePins(
  modelsFolder: string,
  name: string,
  change: (pins: Readonly<Record<string, Pin>>) => Readonly<Record<string, Pin>> | null,
): Promise<void> {
  const lock = await takeLock(lockFileLockPath(modelsFolder), 'the lock file is being written', 10_000);
  try {
    await writePins(modelsFolder, name, change(await pinsOf(modelsFolder, name)));
  } finally {
    await lock.release();
  }
}

/** A file's SHA-256, in hexadecimal digits. */
export async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}
