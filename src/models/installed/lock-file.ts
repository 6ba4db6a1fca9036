import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../domain/errors.ts';
import { readOptionalText } from '../../system/read-text.ts';
import { replaceFile } from '../../system/replace-file.ts';

const pinSchema = z.object({
  /** Text model or projector, for models of the catalogue; null for files pulled by address. */
  role: z.enum(['text', 'mmproj']).nullable(),
  address: z.string(),
  revision: z.string().nullable(),
  sizeBytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The kind of hub digest that the file was checked against; null: the hub has none. */
  checkedAgainst: z.enum(['sha256', 'git-sha1']).nullable(),
  pinnedAt: z.string(),
});

const lockSchema = z.object({
  schema: z.literal(1),
  models: z.record(z.string(), z.object({ files: z.record(z.string(), pinSchema) })),
});

/** A downloaded file: its source and digest. */
export type Pin = z.infer<typeof pinSchema>;

/** Pins by file name. */
export type ModelPins = Readonly<Record<string, Pin>>;

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
  );
}
