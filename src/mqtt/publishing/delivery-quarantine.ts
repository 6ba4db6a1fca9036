import type { Log } from '../../pipeline/ports.ts';

/** A connection that ends so often over one entry ends because of it. */
const mostStrikes = 3;
const tryAgainMs = 600_000;

/**
 * Entries that are passed over: those that the broker has refused, until the next connection; and one over which connections
 * end again and again (some brokers hang up instead of refusing), for ten minutes.
 */
export class DeliveryQuarantine {
  readonly #log: Log;
  /** By number: when it may be tried again, of performance.now(). */
  readonly #tryAgainMs = new Map<number, number>();
  /** Those over which connections have ended before: once more is enough. */
  readonly #culprits = new Set<number>();
  #suspect: number | null = null;
  #strikes = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  has(seq: number): boolean {
    return this.#tryAgainMs.has(seq);
  }

  /** Two connections have ended over the same entry: others should not be under way with it. */
  get isSuspicious(): boolean {
    return this.#strikes >= 2;
  }

  /** In how many milliseconds the next may be tried again; null: none. */
  nextTryInMs(): number | null {
    const next = Math.min(...this.#tryAgainMs.values());
    return Number.isFinite(next) ? next - performance.now() : null;
  }

  /** Takes back those that may be tried again now. @returns whether there were any. */
  takeBack(nowMs = performance.now()): boolean {
    const due = [...this.#tryAgainMs].filter(([, atMs]) => atMs <= nowMs);
    for (const [seq] of due) this.#tryAgainMs.delete(seq);
    return due.length > 0;
  }

  refused(seq: number): void {
    this.#tryAgainMs.set(seq, Number.POSITIVE_INFINITY);
  }

  delivered(seq: number): void {
    this.#tryAgainMs.delete(seq);
    this.#culprits.delete(seq);
    if (seq === this.#suspect) this.#strikes = 0;
  }

  newConnection(): void {
    for (const [seq, atMs] of this.#tryAgainMs)
      if (atMs === Number.POSITIVE_INFINITY) this.#tryAgainMs.delete(seq);
  }

  /** @param oldest the oldest entry that was under way then; Infinity: none. */
  connectionEnded(oldest: number): void {
    if (oldest === Number.POSITIVE_INFINITY) return;
    this.#strikes = oldest === this.#suspect ? this.#strikes + 1 : 1;
    this.#suspect = oldest;
    if (this.#strikes < mostStrikes && !this.#culprits.has(oldest)) return;
    this.#strikes = 0;
    this.#culprits.add(oldest);
    this.#tryAgainMs.set(oldest, performance.now() + tryAgainMs);
    this.#log.error(
      { seq: oldest, tryAgainMs },
      `${mostStrikes} connections have ended while this description was sent: it is passed over for now`,
    );
  }
}
