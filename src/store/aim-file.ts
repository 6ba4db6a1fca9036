import { z } from 'zod';
import type { ChangedAim } from '../domain/camera-aim.ts';
import { ConfigError, isMissingFile, messageOf } from '../domain/errors.ts';
import type { AimStore } from '../pipeline/ports.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { replaceFile } from '../system/replace-file.ts';

const maxFileBytes = 4 * 2 ** 20;

const zones = z.array(z.array(z.tuple([z.number(), z.number()])));
const sensitivity = z.number().nullable();

const fileSchema = z.strictObject({
  version: z.literal(1),
  cameras: z.record(
    z.string(),
    z.strictObject({
      sensitivity: z.strictObject({ value: sensitivity, config: sensitivity }).optional(),
      ignore: z.strictObject({ value: zones, config: zones }).optional(),
      privacy: zones.optional(),
    }),
  ),
});

/** Changed zones and sensitivities as a JSON file that is replaced atomically. */
export class AimFile implements AimStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Empty if there is no file.
   * @throws ConfigError if there is one that cannot be read: it may have private zones, without which nothing may be seen
   */
  async load(): Promise<ReadonlyMap<string, ChangedAim>> {
    try {
      const text = (await readRegularFile(this.#path, maxFileBytes)).toString();
      return new Map(Object.entries(fileSchema.parse(JSON.parse(text)).cameras));
    } catch (cause) {
      if (isMissingFile(cause)) return new Map();
      throw new ConfigError(
        `${this.#path}: the zones that were drawn in the window cannot be read, and private ones may be among them (${messageOf(cause)}); draw them again after removing the file`,
        { cause },
      );
    }
  }

  async save(changed: ReadonlyMap<string, ChangedAim>): Promise<void> {
    const text = `${JSON.stringify({ version: 1, cameras: Object.fromEntries(changed) }, null, 2)}\n`;
    await replaceFile(this.#path, text);
  }
}
