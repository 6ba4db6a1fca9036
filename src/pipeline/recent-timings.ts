import type { Observation } from '../domain/observation.ts';

/** How many of the latest descriptions count: enough for a p95, few enough to follow a change within hours. */
const windowLength = 100;

/** How fast the latest descriptions were. */
export class RecentTimings {
  readonly #totalsMs: number[] = [];
  #tokensPerSecond: number | null = null;

  add({ totalMs, description }: Pick<Observation, 'totalMs' | 'description'>): void {
    this.#totalsMs.push(totalMs);
    if (this.#totalsMs.length > windowLength) this.#totalsMs.shift();
    const { generateMs } = description.timings;
    this.#tokensPerSecond = generateMs > 0 ? (description.tokens.completion / generateMs) * 1000 : null;
  }

  /** The part of health that depends on timings; empty before the first description. */
  get health(): { timing?: { p50Ms: number; p95Ms: number }; tokensPerSecond?: number } {
    if (this.#totalsMs.length === 0) return {};
    const sorted = this.#totalsMs.toSorted((a, b) => a - b);
    const timing = { p50Ms: percentile(sorted, 0.5), p95Ms: percentile(sorted, 0.95) };
    return { timing, ...(this.#tokensPerSecond !== null && { tokensPerSecond: this.#tokensPerSecond }) };
  }
}

/** Nearest-rank percentile: the smallest value that at least `share` of all values do not exceed. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1]!;
}
