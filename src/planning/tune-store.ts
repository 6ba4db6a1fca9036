import { z } from 'zod';
import { KeyedFile } from '../system/keyed-file.ts';
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
      /** Missing in files of earlier versions, which had one number for both. */
      threadsBatch: z.int().positive().optional(),
      cpus: z.array(z.int().nonnegative()).nullable(),
      ubatchSize: z.int().positive(),
      flashAttention: z.enum(['auto', 'on', 'off']),
      cpuModule: z.string().nullable(),
      rates: ratesSchema,
    })
    .transform((best) => ({ ...best, threadsBatch: best.threadsBatch ?? best.threads }))
    .nullable(),
  /** Measurements by choice, so that an interrupted run can resume. */
  measured: z.record(z.string(), ratesSchema),
});

/** Measurements of one model on one board; `best` is null until a run completes. */
export interface TuneEntry {
  readonly best: Tuning | null;
  readonly measured: Readonly<Record<string, Rates>>;
}

/** Measurements of `scenecast tune`, in a JSON file in the state folder. */
export class TuneStore {
  readonly #file: KeyedFile<TuneEntry>;

  constructor(path: string) {
    this.#file = new KeyedFile<TuneEntry>(path, entrySchema);
  }

  /** @param key identifies the model's files and the board; see `tuneKeyOf`. */
  async read(key: string): Promise<TuneEntry> {
    return (await this.#file.read(key)) ?? { best: null, measured: {} };
  }

  /** Replaces one model's entry atomically. */
  write(key: string, entry: TuneEntry): Promise<void> {
    return this.#file.write(key, entry);
  }
}
