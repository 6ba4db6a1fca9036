import { z } from 'zod';
import type { Watch } from '../domain/watch.ts';
import type { Log, WatchStore } from '../pipeline/ports.ts';
import { replaceFile } from '../system/replace-file.ts';
import { readStateFile } from './read-state-file.ts';

const fileSchema = z.strictObject({
  version: z.literal(1),
  watches: z.array(
    z.strictObject({
      id: z.string(),
      camera: z.string(),
      when: z.union([z.string(), z.record(z.string(), z.unknown())]),
      everyMs: z.number().positive().nullable(),
      until: z.iso.datetime().transform((text) => new Date(text)),
      note: z.string().nullable(),
    }),
  ),
});

/** Watches as a JSON file that is replaced atomically. */
export class WatchesFile implements WatchStore {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** A damaged file is moved aside; it counts as empty, as does one that cannot be read. */
  async load(): Promise<readonly Watch[]> {
    const words = { what: 'watches', without: 'starting without' };
    const file = await readStateFile(this.#path, fileSchema, words, this.#log);
    return file?.watches ?? [];
  }

  async save(watches: readonly Watch[]): Promise<void> {
    await replaceFile(this.#path, `${JSON.stringify({ version: 1, watches }, null, 2)}\n`);
  }
}
