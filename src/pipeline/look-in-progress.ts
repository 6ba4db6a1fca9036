/** How long a caller waits for the end of a look. */
const maxWaitMs = 5000;
const defaultMaxLookMs = 120_000;

/** When the look in progress counts as hung, and who waits for its end. */
export class LookInProgress {
  #dueMs = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  /** By the monotonic clock; Infinity: there is none. */
  get dueMs(): number {
    return this.#dueMs;
  }

  begins(maxLookMs = defaultMaxLookMs): void {
    this.#dueMs = performance.now() + maxLookMs;
  }

  ended(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when it has ended, or the next one if there is none; or after five seconds. */
  async end(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const timer = setTimeout(resolve, maxWaitMs);
    await promise;
    clearTimeout(timer);
  }
}
