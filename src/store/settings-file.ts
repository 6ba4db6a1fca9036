import { rename } from 'node:fs/promises';
import { z } from 'zod';
import type { ChangedSettings } from '../domain/camera-settings.ts';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import type { Log, SettingsStore } from '../pipeline/ports.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { replaceFile } from '../system/replace-file.ts';

const maxFileBytes = 4 * 2 ** 20;

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
    const path = this.#path;
    let text: string;
    try {
      text = (await readRegularFile(path, maxFileBytes)).toString();
    } catch (error) {
      if (!isMissingFile(error))
        this.#log.warn({ path, reason: messageOf(error) }, 'settings cannot be read; using the config');
      return new Map();
    }
    try {
      return new Map(Object.entries(fileSchema.parse(JSON.parse(text)).cameras));
    } catch (error) {
      const aside = `${path}.damaged`;
      const moved = await rename(path, aside).then(
        () => aside,
        () => null,
      );
      this.#log.warn({ path, aside: moved, reason: messageOf(error) }, 'settings damaged; using the config');
      return new Map();
    }
  }

  async save(changed: ReadonlyMap<string, ChangedSettings>): Promise<void> {
    const text = `${JSON.stringify({ version: 1, cameras: Object.fromEntries(changed) }, null, 2)}\n`;
    await replaceFile(this.#path, text);
  }
}
