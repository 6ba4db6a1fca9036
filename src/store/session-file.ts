import { z } from 'zod';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import { type KeptSession, windowRoles } from '../domain/kept-session.ts';
import type { Log, SessionStore } from '../pipeline/ports.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import { replaceFile } from '../system/replace-file.ts';

const maxFileBytes = 2 ** 20;

const fileSchema = z.strictObject({
  version: z.literal(1),
  sessions: z.array(
    z.strictObject({
      digest: z.string(),
      role: z.enum(windowRoles),
      password: z.string(),
      startedAtMs: z.number(),
      usedAtMs: z.number(),
    }),
  ),
});

/** Who is logged in to the window, as a JSON file that is replaced atomically. It has no tokens. */
export class SessionFile implements SessionStore {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** A file that cannot be read counts as empty: people log in again. */
  async load(): Promise<readonly KeptSession[]> {
    try {
      return fileSchema.parse(JSON.parse((await readRegularFile(this.#path, maxFileBytes)).toString()))
        .sessions;
    } catch (error) {
      if (!isMissingFile(error))
        this.#log.warn({ path: this.#path, reason: messageOf(error) }, 'window sessions cannot be read');
      return [];
    }
  }

  async save(sessions: readonly KeptSession[]): Promise<void> {
    await replaceFile(this.#path, `${JSON.stringify({ version: 1, sessions })}\n`);
  }
}
