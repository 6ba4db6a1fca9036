import { existsSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import { syncToDisk } from '../../system/sync-to-disk.ts';
import { requireFreeSpace } from '../free-space.ts';
import { changePins, sha256Of } from '../installed/installed.ts';
import type { Pin, Quantized } from '../installed/lock-file.ts';
import { type MmprojHeader, readMmprojHeader } from '../installed/mmproj-header.ts';
import type { PullContext, PulledFile } from './source.ts';

const floatTypes: readonly string[] = ['F32', 'F16', 'BF16'];
/** Bytes of Q8_0 for each byte of F16. */
const sizeRatio = 34 / 64;
/** LLaVA's. Others are mostly published in Q8_0, and gemma3 has a weight that llama.cpp cannot use quantised. */
const quantizableProjector = 'mlp';

/**
 * Quantises those of the pulled files that are vision projectors in floats, if a quantised type is wanted. The published
 * file is removed once its successor is complete, synced, recorded in the lock file and has its name. If the quantisation
 * fails, the published file stays.
 * @throws ScenecastError if the pull's lock was lost; the reason of the abort signal.
 */
export async function settleTowers(
  files: readonly PulledFile[],
  context: PullContext,
): Promise<PulledFile[]> {
  const settled: PulledFile[] = [];
  for (const file of files) settled.push(isMmproj(file) ? await settle(file, context) : file);
  return settled;
}

function isMmproj({ published, pin }: PulledFile): boolean {
  return pin.role === 'mmproj' || (pin.role === null && /mmproj.*\.gguf$/i.test(published));
}

async function settle(file: PulledFile, context: PullContext): Promise<PulledFile> {
  const { published, pin } = file;
  if (file.name !== published) {
    // A pull that was killed between its last two steps left it.
    await rm(join(context.folder, published), { force: true });
    return file;
  }
  const { chosen, standard } = context.tower;
  const quant = chosen ?? (pin.isKept ? 'F16' : (pin.quantized?.type ?? standard));
  const header = await readMmprojHeader(file.path);
  if (header !== null && floatTypes.includes(header.type)) {
    if (quant !== 'F16') {
      const quantized = await quantizeFile(file, header, quant, context);
      if (quantized !== null) return installQuantized(file, quantized, context);
    } else if (chosen === null && !pin.isKept && header.projector === quantizableProjector) {
      const reason = 'this CPU has no faster kernels for it; --quant-mmproj Q8_0 quantises it all the same';
      context.onEvent({ type: 'not-quantized', file: published, quant: 'Q8_0', reason });
    }
  }
  return keepPublished(file, quant === 'F16' && (chosen === 'F16' || pin.isKept), context);
}

/** Keeps the published file, and removes what was quantised from it. */
async function keepPublished(file: PulledFile, isKept: boolean, context: PullContext): Promise<PulledFile> {
  const { published, pin } = file;
  if (pin.quantized === null && pin.isKept === isKept) return file;
  if (pin.quantized) await removeOutput(join(context.folder, pin.quantized.file));
  return { ...file, pin: await changePin(published, { ...pin, quantized: null, isKept }, context) };
}

/** Writes the quantised file as a part. @returns null, after an event with the reason, if it cannot be made */
async function quantizeFile(
  { path, published, pin }: PulledFile,
  { type, projector }: MmprojHeader,
  quant: string,
  { folder, freeBytes, access, onEvent, tower }: PullContext,
): Promise<Quantized | null> {
  const output = outputName(published, type, quant);
  const part = partOf(join(folder, output));
  const fromBytes = (await stat(path)).size;
  const onProgress = (fraction: number): void => onEvent({ type: 'quantizing', file: published, fraction });
  try {
    if (projector !== quantizableProjector) throw new Error(`its projector is ${projector}, not LLaVA's`);
    if (existsSync(join(folder, output)) && pin.quantized?.file !== output)
      throw new Error(`${output} already exists`);
    await requireFreeSpace(folder, Math.ceil(fromBytes * sizeRatio), freeBytes, 'quantisation');
    await removeOutput(part);
    onProgress(0);
    await tower.quantize(path, part, quant, onProgress);
    const sha256 = await sha256Of(part, access.signal);
    const { size: sizeBytes } = await stat(part);
    onEvent({ type: 'quantized', file: published, quant, fromBytes, toBytes: sizeBytes });
    return { file: output, type: quant, sizeBytes, sha256 };
  } catch (error) {
    await removeOutput(part);
    access.signal.throwIfAborted();
    onEvent({ type: 'not-quantized', file: published, quant, reason: messageOf(error) });
    return null;
  }
}

async function installQuantized(
  file: PulledFile,
  quantized: Quantized,
  context: PullContext,
): Promise<PulledFile> {
  const { folder, lock } = context;
  const path = join(folder, quantized.file);
  await lock.requireHeld();
  // The record first: without it the file would look like the user's own.
  const pin = await changePin(file.published, { ...file.pin, quantized, isKept: false }, context);
  await rename(partOf(path), path);
  await syncToDisk(folder);
  await rm(file.path);
  await syncToDisk(folder);
  return { name: quantized.file, path, pin, published: file.published };
}

async function changePin(published: string, pin: Pin, { modelsFolder, name }: PullContext): Promise<Pin> {
  await changePins(modelsFolder, name, (pins) => ({ ...pins, [published]: pin }));
  return pin;
}

const partOf = (path: string): string => `${path}.part`;

/** Removes a file and what a killed quantisation left of it. */
async function removeOutput(path: string): Promise<void> {
  for (const each of [path, partOf(path)]) await rm(each, { force: true });
}

/** mmproj-model-f16.gguf becomes mmproj-model-Q8_0.gguf. */
function outputName(published: string, type: string, quant: string): string {
  const named = published.replace(new RegExp(`(?<![A-Za-z0-9])${type}(?![A-Za-z0-9])`, 'i'), quant);
  return named === published ? published.replace(/(?:\.gguf)?$/i, `-${quant}.gguf`) : named;
}
