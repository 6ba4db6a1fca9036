import type { Log } from '../../pipeline/ports.ts';

const logDelayMs = 10_000;

/** Counts events that may occur thousands of times a second, and logs the counts at most once in ten seconds. */
export class TallyLog {
  readonly #log: Log;
  readonly #message: string;
  #counts: Record<string, number> = {};
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** @param what a field of the log line, one of a few. */
  count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
    this.#timer ??= setTimeout(() => this.#write(), logDelayMs);
  }

  close(): void {
    if (this.#timer) this.#write();
  }

  #write(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#log.warn(this.#counts, this.#message);
    this.#counts = {};
  }
}
