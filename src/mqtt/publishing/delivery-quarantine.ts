import type { Log } from '../../pipeline/ports.ts';

/** After this many connections ended during the same entry, the entry is to blame. */
const maxStrikes = 3;
const retryMs = 600_000;

/**
 * Entries that are skipped: those that the broker refused, until the next connection; and one during which connections keep
 * ending (some brokers disconnect instead of refusing), for ten minutes.
 */
export class DeliveryQuarantine {
  readonly #log: Log;
  /** By number: when it may be retried, in the time of performance.now(). */
  readonly #retryAtMs = new Map<number, number>();
  /** Entries that have been quarantined before: one more connection is enough. */
  readonly #culprits = new Set<number>();
  #suspect: number | null = null;
  #strikes = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  has(seq: number): boolean {
    return this.#retryAtMs.has(seq);
  }

  /** Two connections have ended during the same entry: it should be sent alone. */
  get isSuspicious(): boolean {
    return this.#strikes >= 2;
  }

  /** Milliseconds until the next entry may be retried; null: none. */
  nextRetryInMs(): number | null {
    const next = Math.min(...this.#retryAtMs.values());
    return Number.isFinite(next) ? next - performance.now() : null;
  }

  /** Releases the entries that may be retried now. @returns whether there were any. */
  release(nowMs = performance.now()): boolean {
    const due = [...this.#retryAtMs].filter(([, atMs]) => atMs <= nowMs);
    for (const [seq] of due) this.#retryAtMs.delete(seq);
    return due.length > 0;
  }

  refused(seq: number): void {
    this.#retryAtMs.set(seq, Number.POSITIVE_INFINITY);
  }

  delivered(seq: number): void {
    this.#retryAtMs.delete(seq);
    this.#culprits.delete(seq);
    if (seq === this.#suspect) this.#strikes = 0;
  }

  newConnection(): void {
    for (const [seq, atMs] of this.#retryAtMs)
      if (atMs === Number.POSITIVE_INFINITY) this.#retryAtMs.delete(seq);
  }

  /** @param oldest the oldest entry that was in progress; Infinity: none. */
  connectionEnded(oldest: number): void {
    if (oldest === Number.POSITIVE_INFINITY) return;
    this.#strikes = oldest === this.#suspect ? this.#strikes + 1 : 1;
    this.#suspect = oldest;
    if (this.#strikes < maxStrikes && !this.#culprits.has(oldest)) return;
    this.#strikes = 0;
    this.#culprits.add(oldest);
    this.#retryAtMs.set(oldest, performance.now() + retryMs);
    this.#log.error(
      { seq: oldest, connections: maxStrikes, retryMs },
      'connections keep ending while this description is sent; skipping it for now',
    );
  }
}
