import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { ConfigError } from '../../../src/domain/errors.ts';
import { type ConvertOptions, convertCheckpoint } from '../../../src/models/convert/convert-checkpoint.ts';
import { type Checkpoint, type WriteOptions, writeCheckpoint } from './tiny-checkpoint.ts';

/** A folder that is removed after the test file. */
export const folder = mkdtempSync(join(tmpdir(), 'scenecast-convert-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** A new folder's path; the folder is not created. */
export function newFolder(): string {
  return join(folder, String(count++));
}

export interface Converted {
  readonly text: string;
  readonly mmproj: string;
  readonly notes: readonly string[];
}

/** Converts a checkpoint's folder into a new one, under the name "tiny". */
export async function convert(checkpoint: string, options: Partial<ConvertOptions> = {}): Promise<Converted> {
  const { files, notes } = await convertCheckpoint({
    checkpoint,
    visionTower: null,
    name: 'tiny',
    outtype: 'F16',
    outFolder: newFolder(),
    quant: null,
    quantMmproj: null,
    force: false,
    quantize: () => Promise.reject(new Error('quantize was called')),
    ...options,
  });
  const [text, mmproj] = files;
  return { text: text!.path, mmproj: mmproj!.path, notes };
}

/** Writes a checkpoint and converts it. */
export async function written(
  checkpoint: Checkpoint,
  options: WriteOptions & { readonly convert?: Partial<ConvertOptions> } = {},
): Promise<Converted> {
  return convert(writeCheckpoint(newFolder(), checkpoint, options), options.convert);
}

/** Expects the conversion of a checkpoint's folder to end with a ConfigError of this message. */
export async function expectRefused(folder: string, message: RegExp): Promise<void> {
  const error: unknown = await convert(folder).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toMatch(message);
}
