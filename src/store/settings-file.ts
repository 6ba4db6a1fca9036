import { z } from 'zod';
import type { ChangedSettings } from '../domain/camera-settings.ts';
import type { Log, SettingsStore } from '../pipeline/ports.ts';
import { replaceFile } from '../system/replace-file.ts';
import { readStateFile } from './read-state-file.ts';

const changeOf = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({ value, config: value }).optional();

const fileSchema = z.strictObject({
  version: z.literal(1),
  cameras: z.record(
    z.string(),
    z.strictObject({
      paused: changeOf(z.boolean()),
      intervalMs: changeOf(z.number().positive()),
      prompt: changeOf(z.string()),
    }),
  ),
});

/** Changed settings as a JSON file that is replaced atomically. */
export class SettingsFile implements SettingsStore {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** A damaged file is moved aside; it counts as empty, as does one that cannot be read. */
  async load(): Promise<ReadonlyMap<string, ChangedSettings>> {
    const words = { what: 'settings', without: 'using the config' };
    const file = await readStateFile(this.#path, fileSchema, words, this.#log);
    return new Map(Object.entries(file?.cameras ?? {}));
  }

  async save(changed: ReadonlyMap<string, ChangedSettings>): Promise<void> {
    const text = `${JSON.stringify({ version: 1, cameras: Object.fromEntries(changed) }, null, 2)}\n`;
    await replaceFile(this.#path, text);
  }
}
