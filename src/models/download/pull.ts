import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, ScenecastError } from '../../domain/errors.ts';
import { diskFault } from '../disk-fault.ts';
import { type FreeBytes, freeBytesOf } from '../free-space.ts';
import { formatAddress } from '../hub-address.ts';
import { takeLock } from '../installed/folder-lock.ts';
import { changePins, isIntact, modelFolder, pullLockPath } from '../installed/installed.ts';
import { ggufNamesIn, modelFault } from '../installed/locate.ts';
import { type ModelPins, pinsOf, recordOf } from '../installed/lock-file.ts';
import { removePullNote, writePullNote } from '../installed/pull-note.ts';
import { HubError, offlineRemedy } from './hub-error.ts';
import type { HubAccess } from './hub-request.ts';
import { statePathOf } from './part.ts';
import { settleTowers } from './quantize-tower.ts';
import { type PullContext, type PullEvent, type PulledFile, type PullFile, pullSource } from './source.ts';
import { quantizedForm, type TowerChoice } from './tower-choice.ts';

export interface PullRequest {
  readonly name: string;
  /** Tried in this order; all files come from one source. */
  readonly sources: readonly (readonly PullFile[])[];
  /** Accept files other than the pinned ones, and pin those. */
  readonly acceptChange: boolean;
  readonly tower: TowerChoice;
}

export interface PulledModel {
  readonly name: string;
  readonly folder: string;
  /** `present`: all files already existed with the recorded digests; no request was sent. */
  readonly status: 'pulled' | 'present';
  /** What the model still lacks; null: nothing. */
  readonly fault: string | null;
  readonly files: readonly PulledFile[];
}

/**
 * Downloads a model's files to `<modelsFolder>/<name>/`. A file gets its final name only when it is complete, has the
 * hub's digest, is pinned in the lock file and is synced. An interrupted pull resumes when it is run again. A vision projector
 * is then quantised, if the request says so.
 * @throws ScenecastError if no source has the files, they are not the pinned ones, the disk is full, another process
 *   pulls the same model, or the signal aborts.
 */
export async function pullModel(
  { name, sources, acceptChange, tower }: PullRequest,
  modelsFolder: string,
  access: HubAccess,
  onEvent: (event: PullEvent) => void = () => {},
  freeBytes: FreeBytes = freeBytesOf,
): Promise<PulledModel> {
  const folder = modelFolder(modelsFolder, name);
  for (const files of sources) requireDistinctNames(files);
  try {
    await mkdir(folder, { recursive: true });
    const lock = await takeLock(pullLockPath(modelsFolder, name), `${name} is already being pulled`, 0);
    try {
      const context: PullContext = {
        ...{ name, modelsFolder, folder, acceptChange, tower, freeBytes, lock, onEvent },
        pins: await pinsOf(modelsFolder, name),
        access: { ...access, onRetry: (reason) => onEvent({ type: 'retry', reason }) },
      };
      return await pullLocked(sources, context);
    } finally {
      // Removes the folder only if it is empty.
      const isGone = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (isGone) await removePullNote(modelsFolder, name);
      await lock.release();
    }
  } catch (error) {
    if (!access.signal.aborted) throw diskFault(error, folder);
    throw new ScenecastError(
      `${name}: stopped; the downloaded data is kept; run the same command to resume`,
      { cause: error },
    );
  }
}

async function pullLocked(sources: PullRequest['sources'], context: PullContext): Promise<PulledModel> {
  const { name, modelsFolder, folder, pins, acceptChange, onEvent } = context;
  const all = sources.flat();
  const fault = await incompleteness(sources, context);
  // Before gigabytes are downloaded for a model that cannot be loaded.
  if (fault !== null) onEvent({ type: 'incomplete', fault });
  if (!acceptChange)
    for (const files of sources) {
      const present = await presentFiles(files, context);
      if (!present) continue;
      await removeParts(all, folder);
      await removePullNote(modelsFolder, name);
      return { name, folder, status: 'present', fault, files: await settleTowers(present, context) };
    }
  await writePullNote(modelsFolder, name, all);
  const files = await pullFromFirst(pinnedFirst(sources, pins), context);
  await removeLeftovers(all, files, context);
  await removePullNote(modelsFolder, name);
  return { name, folder, status: 'pulled', fault, files: await settleTowers(files, context) };
}

/** Why the model will lack something after this pull; null: it will not, or no model is pulled. */
async function incompleteness(
  sources: PullRequest['sources'],
  { folder, pins }: PullContext,
): Promise<string | null> {
  const [files = []] = sources;
  // The catalogue's are complete, and other sources may have other names.
  const isOwn = files.every(({ role }) => role === null);
  if (!isOwn || !files.some(({ name }) => name.endsWith('.gguf'))) return null;
  const present = (await ggufNamesIn(folder)).map((name) => recordOf(pins, name)?.quantizedFrom ?? name);
  return modelFault([...present, ...files.map(({ name }) => name)]);
}

async function pullFromFirst(sources: PullRequest['sources'], context: PullContext): Promise<PulledFile[]> {
  const failures: HubError[] = [];
  for (const files of sources) {
    try {
      return await pullSource(files, context);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      failures.push(error);
      // The last source's reason is in the error.
      if (files !== sources.at(-1)) context.onEvent({ type: 'source-failed', reason: error.message });
    }
  }
  const remedy = failures.some((failure) => failure.isOffline) ? `; ${offlineRemedy}` : '';
  const reasons = failures.map(({ message }) => message);
  throw new ScenecastError(
    reasons.length === 1
      ? `${reasons[0]}${remedy}`
      : `${context.name}: not available from any source${remedy}:\n  ${reasons.join('\n  ')}`,
    { cause: failures.at(-1) },
  );
}

/**
 * Removes leftovers of other sources: their parts and, for a catalogue model, their files of the same roles, as a folder
 * holds one model.
 */
async function removeLeftovers(
  candidates: readonly PullFile[],
  pulled: readonly PulledFile[],
  { name, modelsFolder, folder, pins }: PullContext,
): Promise<void> {
  await removeParts(candidates, folder);
  const isPulled = (file: string): boolean => pulled.some(({ published }) => published === file);
  const roles = pulled.map(({ pin }) => pin.role).filter((role) => role !== null);
  const replaced = Object.entries(pins).filter(
    ([file, { role }]) => role !== null && roles.includes(role) && !isPulled(file),
  );
  if (replaced.length === 0) return;
  for (const file of replaced.flatMap(([published, { quantized }]) => [
    published,
    quantized?.file ?? published,
  ]))
    await rm(join(folder, file), { force: true });
  await changePins(modelsFolder, name, (all) =>
    Object.fromEntries(Object.entries(all).filter(([file]) => !replaced.some(([gone]) => gone === file))),
  );
}

/** Removes the parts of complete or replaced files. A pull killed near its end leaves some. */
async function removeParts(files: readonly PullFile[], folder: string): Promise<void> {
  for (const { name } of files) {
    const part = `${join(folder, name)}.part`;
    for (const path of [part, statePathOf(part)]) await rm(path, { force: true });
  }
}

/** The files, if all exist as pinned from these addresses, or as quantised from those; else null. */
async function presentFiles(
  files: readonly PullFile[],
  { folder, pins, tower, access }: PullContext,
): Promise<PulledFile[] | null> {
  const found: PulledFile[] = [];
  for (const { address, name: published } of files) {
    const pin = pins[published];
    if (pin?.address !== formatAddress(address)) return null;
    const quantized = await quantizedForm(pin, folder, tower, access.signal);
    const name = quantized?.file ?? published;
    const path = join(folder, name);
    if (!quantized && !(await isIntact(path, pin, access.signal))) return null;
    found.push({ name, path, pin, published });
  }
  return found;
}

/** Puts the source that the model was pinned from first: the others may hold other conversions. */
function pinnedFirst(sources: PullRequest['sources'], pins: ModelPins): PullRequest['sources'] {
  const isPinned = (files: readonly PullFile[]): boolean =>
    files.some(({ address, name }) => pins[name]?.address === formatAddress(address));
  return [...sources.filter(isPinned), ...sources.filter((files) => !isPinned(files))];
}

function requireDistinctNames(files: readonly PullFile[]): void {
  const names = files.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice)
    throw new ConfigError(
      `${twice}: two addresses end in this name; pull them as models with different names, or one at a time with --as`,
    );
}
