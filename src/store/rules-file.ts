import { z } from 'zod';
import { isPlausible } from '../domain/clock.ts';
import type { KeptRules, Log, RuleStore } from '../pipeline/ports.ts';
import { bootTime } from '../system/boot-time.ts';
import { replaceFile } from '../system/replace-file.ts';
import { readStateFile } from './read-state-file.ts';

const ageMs = z.number().nullable();
const time = z.iso.datetime().transform((text) => new Date(text));

const fileSchema = z.strictObject({
  version: z.literal(1),
  saved: z.strictObject({ at: time, boot: z.string(), ms: z.number() }),
  rules: z.array(
    z.strictObject({
      camera: z.string(),
      rule: z.string(),
      definition: z.string(),
      snapshot: z.strictObject({
        status: z.strictObject({
          state: z.enum(['on', 'off', 'unknown']),
          since: time.nullable(),
          confidence: z.number().nullable(),
          evidence: z.array(z.string()),
          reason: z.enum(['undecided', 'stale']).nullable(),
        }),
        evidenceAgeMs: ageMs,
        alertAgeMs: ageMs,
        isAlertOpen: z.boolean(),
        settings: z.string().nullable(),
      }),
    }),
  ),
});

/** The states of rules as a JSON file that is replaced atomically. */
export class RulesFile implements RuleStore {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** A damaged file is moved aside; it counts as empty, as does one that cannot be read. */
  async load(): Promise<KeptRules> {
    const words = { what: 'states of rules', without: 'starting without' };
    const file = await readStateFile(this.#path, fileSchema, words, this.#log);
    return file ? { elapsedMs: elapsedMs(file.saved), rules: file.rules } : { elapsedMs: null, rules: [] };
  }

  async save(rules: KeptRules['rules']): Promise<void> {
    const saved = { at: new Date(), ...bootTime() };
    await replaceFile(this.#path, `${JSON.stringify({ version: 1, saved, rules }, null, 2)}\n`);
  }
}

/** By the clock that nobody sets, if the board has run since; else by the clock, if it was set both times. */
function elapsedMs({ at, boot, ms }: z.output<typeof fileSchema>['saved']): number | null {
  const now = bootTime();
  if (boot !== '' && boot === now.boot) return now.ms - ms;
  const byClockMs = Date.now() - at.getTime();
  return isPlausible(at) && isPlausible(new Date()) && byClockMs >= 0 ? byClockMs : null;
}
