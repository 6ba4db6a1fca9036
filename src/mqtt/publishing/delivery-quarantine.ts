import type { Log } from '../../pipeline/ports.ts';

/** After this many connections ended during the same message, the message is to blame. */
const maxStrikes = 3;
const retryMs = 600_000;

/**
 * Messages that are skipped: those that the broker refused, until the next connection; and one during which connections keep
 * ending (some brokers disconnect instead of refusing), for ten minutes.
 */
export class DeliveryQuarantine<Key> {
  readonly #log: Log;
  readonly #fieldsOf: (key: Key) => object;
  /** When each may be retried, in the time of performance.now(). */
  readonly #retryAtMs = new Map<Key, number>();
  /** Messages that have been quarantined before: one more connection is enough. */
  readonly #culprits = new Set<Key>();
  #suspect: Key | null = null;
  #strikes = 0;

  /** @param fieldsOf what the log calls a message */
  constructor(log: Log, fieldsOf: (key: Key) => object) {
    this.#log = log;
    this.#fieldsOf = fieldsOf;
  }

  has(key: Key): boolean {
    return this.#retryAtMs.has(key);
  }

  /** Two connections have ended during the same message: it should be sent alone. */
  get isSuspicious(): boolean {
    return this.#strikes >= 2;
  }

  /** Milliseconds until the next message may be retried; null: none. */
  nextRetryInMs(): number | null {
    const next = Math.min(...this.#retryAtMs.values());
    return Number.isFinite(next) ? next - performance.now() : null;
  }

  /** Releases the messages that may be retried now. @returns whether there were any. */
  release(nowMs = performance.now()): boolean {
    const due = [...this.#retryAtMs].filter(([, atMs]) => atMs <= nowMs);
    for (const [key] of due) this.#retryAtMs.delete(key);
    return due.length > 0;
  }

  refused(key: Key): void {
    this.#retryAtMs.set(key, Number.POSITIVE_INFINITY);
  }

  /** It was delivered, or will not be sent any more. */
  forget(key: Key): void {
    this.#retryAtMs.delete(key);
    this.#culprits.delete(key);
    if (key === this.#suspect) this.#strikes = 0;
  }

  newConnection(): void {
    for (const [key, atMs] of this.#retryAtMs)
      if (atMs === Number.POSITIVE_INFINITY) this.#retryAtMs.delete(key);
  }

  /** @param oldest the oldest message that was in progress; null: none. */
  connectionEnded(oldest: Key | null): void {
    if (oldest === null) return;
    this.#strikes = oldest === this.#suspect ? this.#strikes + 1 : 1;
    this.#suspect = oldest;
    if (this.#strikes < maxStrikes && !this.#culprits.has(oldest)) return;
    this.#strikes = 0;
    this.#culprits.add(oldest);
    this.#retryAtMs.set(oldest, performance.now() + retryMs);
    this.#log.error(
      { ...this.#fieldsOf(oldest), connections: maxStrikes, retryMs },
      'connections keep ending while this message is sent; skipping it for now',
    );
  }
}
