import type { Log } from '../../pipeline/ports.ts';

const soonMs = 10_000;

/** Counts what may come ten thousand times a second, and tells of it once in ten seconds. */
export class TallyLog {
  readonly #log: Log;
  readonly #message: string;
  #counts: Record<string, number> = {};
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** @param what one of a few words: each is kept. */
  count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
    this.#timer ??= setTimeout(() => this.#tell(), soonMs);
  }

  close(): void {
    if (this.#timer) this.#tell();
  }

  #tell(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#log.warn(this.#counts, this.#message);
    this.#counts = {};
  }
}
