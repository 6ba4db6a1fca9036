import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError, messageOf, ScenecastError } from '../../domain/errors.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { syncToDisk } from '../../system/sync-to-disk.ts';
import { type FreeBytes, freeBytesOf } from '../free-space.ts';
import { type ConversionPlan, type PlanOptions, planConversion } from './conversion-plan.ts';
import { type FloatType, type GgufContent, ggufSizeBytes, writeGguf } from './gguf-writer.ts';
import { type QuantType, quantBits } from './quant-types.ts';

/** Quantises a GGUF file with llama.cpp's quantiser. Paths are absolute; `output` does not exist yet. */
export type QuantizeFile = (input: string, output: string, type: QuantType) => Promise<void>;

export interface ConvertProgress {
  readonly stage: 'text' | 'mmproj' | 'quantise text' | 'quantise mmproj';
  /** 0 to 1 of the stage; null while a stage without progress runs. */
  readonly fraction: number | null;
}

export interface ConvertOptions extends PlanOptions {
  /** Created if missing. */
  readonly outFolder: string;
  readonly quant: QuantType | null;
  readonly quantMmproj: QuantType | null;
  /** Overwrite existing files. */
  readonly force: boolean;
  readonly quantize: QuantizeFile;
  readonly onProgress?: (progress: ConvertProgress) => void;
  readonly signal?: AbortSignal;
  readonly freeBytesOf?: FreeBytes;
}

export interface ConvertedFile {
  readonly kind: 'text' | 'mmproj';
  readonly path: string;
  /** f16, bf16, f32, or the quantisation. */
  readonly type: string;
  readonly sizeBytes: number;
  readonly tensors: number;
}

export interface ConvertResult {
  readonly layout: ConversionPlan['layout'];
  readonly files: readonly ConvertedFile[];
  readonly notes: readonly string[];
}

interface Output {
  readonly kind: 'text' | 'mmproj';
  readonly content: GgufContent;
  readonly floatBytes: number;
  readonly quant: QuantType | null;
  readonly type: string;
  readonly path: string;
}

/**
 * Converts a LLaVA 1.5 or 1.6 checkpoint to a text GGUF and an mmproj GGUF. Both are renamed to their final names once
 * they are complete and synced; after an error no file is left.
 * @throws ConfigError if the checkpoint cannot be converted or a file exists already; ScenecastError if the disk is too
 *   full or `signal` is aborted; the errors of `quantize`
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<ConvertResult> {
  const outFolder = resolve(options.outFolder);
  await using plan = await planConversion(options);
  const outputs = [
    output('text', plan.text, plan.name, outFolder, options.outtype, options.quant),
    output('mmproj', plan.mmproj, plan.name, outFolder, 'F16', options.quantMmproj),
  ];
  for (const { path } of outputs)
    if (!options.force && existsSync(path))
      throw new ConfigError(`${path}: already exists; use --force to replace it`);
  await makeFolder(outFolder);
  await checkSpace(outFolder, outputs, options.freeBytesOf ?? freeBytesOf);
  const parts: string[] = [];
  try {
    for (const each of outputs) await writePart(each, options, parts);
    options.signal?.throwIfAborted();
    for (const { path } of outputs) await rename(partOf(path), path);
    await syncToDisk(outFolder);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    throw new ScenecastError('interrupted; no file was written', { cause: error });
  } finally {
    for (const part of parts) await rm(part, { force: true });
  }
  return {
    layout: plan.layout,
    files: await Promise.all(outputs.map(described)),
    notes: plan.notes,
  };
}

function output(
  kind: Output['kind'],
  content: GgufContent,
  name: string,
  folder: string,
  float: FloatType,
  quant: QuantType | null,
): Output {
  const type = quant ?? float.toLowerCase();
  const path = join(folder, `${name}-${kind}-${type}.gguf`);
  return { kind, content, quant, type, path, floatBytes: ggufSizeBytes(content.metadata, content.tensors) };
}

const partOf = (path: string): string => `${path}.part`;

/** Writes a file under its .part name; a quantised one from a temporary float file. */
async function writePart(
  { kind, content, floatBytes, quant, path }: Output,
  { quantize, onProgress = () => {}, signal }: ConvertOptions,
  parts: string[],
): Promise<void> {
  const finished = partOf(path);
  const float = quant === null ? finished : `${path}.float.part`;
  parts.push(finished, float);
  await writeGguf(float, content, {
    onProgress: (written) => onProgress({ stage: kind, fraction: written / floatBytes }),
    ...(signal ? { signal } : {}),
  });
  if (quant === null) return;
  await rm(finished, { force: true });
  onProgress({ stage: `quantise ${kind}`, fraction: null });
  await quantize(float, finished, quant);
  signal?.throwIfAborted();
  await rm(float);
  await syncToDisk(finished);
  onProgress({ stage: `quantise ${kind}`, fraction: 1 });
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new ConfigError(`${folder}: cannot be created: ${messageOf(cause)}`, { cause });
  }
}

async function checkSpace(folder: string, outputs: readonly Output[], freeBytes: FreeBytes): Promise<void> {
  // During a quantisation the float file and the finished files are on the disk too.
  let finished = 0;
  let needed = 0;
  for (const { floatBytes, quant } of outputs) {
    const finalBytes = quant === null ? floatBytes : (floatBytes * quantBits[quant]) / 16;
    needed = Math.max(needed, finished + floatBytes + (quant === null ? 0 : finalBytes));
    finished += finalBytes;
  }
  const free = await freeBytes(folder);
  if (free < needed)
    throw new ScenecastError(
      `${folder}: the conversion needs ${formatBytes(needed)} of disk space, ${formatBytes(free)} is free; ` +
        'free some space, or choose another folder with --out',
    );
}

async function described({ kind, path, type, content }: Output): Promise<ConvertedFile> {
  return { kind, path, type, sizeBytes: (await stat(path)).size, tensors: content.tensors.length };
}
