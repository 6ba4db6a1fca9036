export interface BackOffBounds {
  /** The wait after the first failure. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Limits of the random factor for each wait; [1, 1]: no jitter. */
type Jitter = readonly [min: number, max: number];

/** How long to wait after a failure that followed `earlierFailures` in a row (from 0): doubles with each, up to `maxMs`. */
export function doublingBackOffMs(
  { firstMs, maxMs }: BackOffBounds,
  earlierFailures: number,
  [min, max]: Jitter = [1, 1],
  random: () => number = Math.random,
): number {
  // 2 ** 30 waits exceed every maximum; far higher powers would be Infinity.
  const ms = Math.min(maxMs, firstMs * 2 ** Math.min(earlierFailures, 30));
  return Math.round(ms * (min + random() * (max - min)));
}
