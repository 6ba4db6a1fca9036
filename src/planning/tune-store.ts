import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { replaceFile } from '../system/replace-file.ts';
import type { Rates, Tuning } from './plan-engine.ts';

const ratesSchema = z.strictObject({
  encodeMs: z.number().nonnegative(),
  prefill: z.number().positive(),
  decode: z.number().positive(),
});

const entrySchema = z.strictObject({
  best: z
    .strictObject({
      threads: z.int().positive(),
      cpus: z.array(z.int().nonnegative()).nullable(),
      ubatchSize: z.int().positive(),
      flashAttention: z.enum(['auto', 'on', 'off']),
      cpuModule: z.string().nullable(),
      rates: ratesSchema,
    })
    .nullable(),
  /** Measurements by choice, so that an interrupted run can resume. */
  measured: z.record(z.string(), ratesSchema),
});
const storeSchema = z.strictObject({ version: z.literal(1), models: z.record(z.string(), entrySchema) });

/** Measurements of one model on one board; `best` is null until a run completes. */
export interface TuneEntry {
  readonly best: Tuning | null;
  readonly measured: Readonly<Record<string, Rates>>;
}

/**
 * Measurements of `scenecast tune`, in a JSON file in the state folder. An unreadable file counts as empty: everything
 * in it can be measured again.
 */
export class TuneStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param key identifies the model's files and the board; see `tuneKeyOf`. */
  async read(key: string): Promise<TuneEntry> {
    return (await this.#readAll())[key] ?? { best: null, measured: {} };
  }

  /** Replaces one model's entry atomically. */
  async write(key: string, entry: TuneEntry): Promise<void> {
    const models = { ...(await this.#readAll()), [key]: entry };
    await replaceFile(this.#path, `${JSON.stringify({ version: 1, models }, null, 2)}\n`);
  }

  async #readAll(): Promise<Record<string, TuneEntry>> {
    try {
      return storeSchema.parse(JSON.parse(await readFile(this.#path, 'utf8'))).models;
    } catch {
      return {};
    }
  }
}
