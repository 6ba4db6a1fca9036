import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { isPlausible } from '../domain/clock.ts';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import type { KeptRules, Log, RuleStore } from '../pipeline/ports.ts';
import { bootTime } from '../system/boot-time.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { replaceFile } from '../system/replace-file.ts';

const maxFileBytes = 4 * 2 ** 20;

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

const nothing: KeptRules = { elapsedMs: null, rules: [] };

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
    const path = this.#path;
    let text: string;
    try {
      text = (await readRegularFile(path, maxFileBytes)).toString();
    } catch (error) {
      if (!isMissingFile(error))
        this.#log.warn(
          { path, reason: messageOf(error) },
          'states of rules cannot be read; starting without',
        );
      return nothing;
    }
    try {
      const { saved, rules } = fileSchema.parse(JSON.parse(text));
      return { elapsedMs: elapsedMs(saved), rules };
    } catch (error) {
      const aside = `${path}.damaged`;
      const moved = await rename(path, aside).then(
        () => aside,
        () => null,
      );
      this.#log.warn(
        { path, aside: moved, reason: messageOf(error) },
        'states of rules damaged; starting without',
      );
      return nothing;
    }
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
