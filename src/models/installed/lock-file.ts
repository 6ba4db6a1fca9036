import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../domain/errors.ts';
import { readOptionalText } from '../../system/read-text.ts';
import { replaceFile } from '../../system/replace-file.ts';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

const quantizedSchema = z.object({
  file: z.string(),
  /** As llama-quantize names it. */
  type: z.string(),
  sizeBytes: z.int().nonnegative(),
  sha256: sha256Schema,
});

const pinSchema = z.object({
  /** Text model or projector, for models of the catalogue; null for files pulled by address. */
  role: z.enum(['text', 'mmproj']).nullable(),
  address: z.string(),
  revision: z.string().nullable(),
  sizeBytes: z.int().nonnegative(),
  sha256: sha256Schema,
  /** The kind of hub digest that the file was checked against; null: the hub has none. */
  checkedAgainst: z.enum(['sha256', 'git-sha1']).nullable(),
  pinnedAt: z.string(),
  /** The file that was quantised from this one on this board and replaces it. */
  quantized: quantizedSchema.nullable().default(null),
  /** Not to be quantised: it was pulled with `--quant-mmproj F16`. */
  isKept: z.boolean().default(false),
});

const lockSchema = z.object({
  schema: z.literal(1),
  models: z.record(z.string(), z.object({ files: z.record(z.string(), pinSchema) })),
});

/** A downloaded file: its source and digest. */
export type Pin = z.infer<typeof pinSchema>;
export type Quantized = z.infer<typeof quantizedSchema>;

/** Pins by file name. */
export type ModelPins = Readonly<Record<string, Pin>>;

/** What the lock file has on a file in a model's folder. */
export interface FileRecord {
  /** Of the published file. */
  readonly pin: Pin;
  /** The digest that the file must have. */
  readonly sha256: string;
  /** The published file's name, if this one was quantised from it. */
  readonly quantizedFrom: string | null;
}

/** The record of a file; null if it is neither pinned nor quantised from a pinned one. */
export function recordOf(pins: ModelPins, file: string): FileRecord | null {
  const pin = pins[file];
  if (pin) return { pin, sha256: pin.sha256, quantizedFrom: null };
  for (const [quantizedFrom, each] of Object.entries(pins))
    if (each.quantized?.file === file) return { pin: each, sha256: each.quantized.sha256, quantizedFrom };
  return null;
}

/** The names of the files that a model with these pins must have. */
export function expectedFiles(pins: ModelPins): string[] {
  return Object.entries(pins).map(([file, { quantized }]) => quantized?.file ?? file);
}

/** The lock file of a models folder. */
export function lockFilePath(modelsFolder: string): string {
  return join(modelsFolder, 'models.lock.json');
}

/**
 * Every pin of a models folder, by model and file.
 * @throws ConfigError if the file exists but is invalid: continuing without pins would trust any file.
 */
export async function readLockFile(
  modelsFolder: string,
): Promise<Readonly<Record<string, { files: ModelPins }>>> {
  const path = lockFilePath(modelsFolder);
  const text = await readOptionalText(path);
  if (text === null) return {};
  try {
    return lockSchema.parse(JSON.parse(text)).models;
  } catch (cause) {
    const fault = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new ConfigError(`${path}: ${fault}; repair it, or remove it to pin every file again`, { cause });
  }
}

/** The pins of one model; empty if it was never pulled. */
export async function pinsOf(modelsFolder: string, name: string): Promise<ModelPins> {
  return (await readLockFile(modelsFolder))[name]?.files ?? {};
}

/** Writes the pins of one model; null removes them. The caller holds the lock file's lock. */
export async function writePins(modelsFolder: string, name: string, pins: ModelPins | null): Promise<void> {
  const { [name]: _old, ...others } = await readLockFile(modelsFolder);
  const models = pins === null ? others : { ...others, [name]: { files: pins } };
  const sorted = Object.fromEntries(Object.entries(models).sort(([a], [b]) => (a < b ? -1 : 1)));
  await replaceFile(
    lockFilePath(modelsFolder),
    `${JSON.stringify({ schema: 1, models: sorted }, null, 2)}\n`,
    // The service may be another user than the one who pulled.
    0o644,
  );
}
