import { z } from 'zod';
import { readRegularFile } from './read-regular-file.ts';
import { replaceFile } from './replace-file.ts';

const maxFileBytes = 4 * 2 ** 20;

/** Entries by key, in a JSON file. An unreadable file counts as empty: keep only what can be found out again. */
export class KeyedFile<Entry> {
  readonly #path: string;
  readonly #schema: z.ZodType<{ version: 1; models: Record<string, Entry> }>;
  readonly #maxEntries: number;

  /** @param maxEntries beyond it, the entries written first are dropped */
  constructor(path: string, entry: z.ZodType<Entry>, maxEntries = Number.POSITIVE_INFINITY) {
    this.#path = path;
    this.#schema = z.strictObject({ version: z.literal(1), models: z.record(z.string(), entry) });
    this.#maxEntries = maxEntries;
  }

  async read(key: string): Promise<Entry | null> {
    return (await this.#readAll()).get(key) ?? null;
  }

  /** Replaces one entry; the file is replaced atomically. */
  async write(key: string, entry: Entry): Promise<void> {
    const all = await this.#readAll();
    all.delete(key);
    all.set(key, entry);
    const models = Object.fromEntries([...all].slice(-this.#maxEntries));
    await replaceFile(this.#path, `${JSON.stringify({ version: 1, models }, null, 2)}\n`);
  }

  async #readAll(): Promise<Map<string, Entry>> {
    try {
      const text = (await readRegularFile(this.#path, maxFileBytes)).toString();
      const { models } = this.#schema.parse(JSON.parse(text));
      return new Map(Object.entries(models));
    } catch {
      return new Map();
    }
  }
}
