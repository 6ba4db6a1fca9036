import { access } from 'node:fs/promises';
import { isMissingFile, messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';

const lookEveryMs = 30_000;

/** Writes small state files again that are deleted while the daemon runs, from what it knows. */
export class MissingFiles {
  readonly #log: Log;
  readonly #files: { readonly path: string; readonly write: () => Promise<boolean> }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param write writes it; false if there is nothing to write */
  keep(path: string, write: () => Promise<boolean>): void {
    this.#files.push({ path, write });
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.#look();
    }, lookEveryMs).unref();
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    await this.#looking;
    await this.#look();
  }

  async #look(): Promise<void> {
    for (const { path, write } of this.#files) {
      try {
        if (!(await isGone(path)) || !(await write())) continue;
        this.#log.warn({ path }, 'state file was deleted; written again');
      } catch (error) {
        this.#log.debug({ path, reason: messageOf(error) }, 'state file cannot be written again');
      }
    }
  }
}

async function isGone(path: string): Promise<boolean> {
  try {
    await access(path);
    return false;
  } catch (error) {
    return isMissingFile(error);
  }
}
