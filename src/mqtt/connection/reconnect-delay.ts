import { type BackOffBounds, doublingBackOffMs } from '../../domain/doubling-back-off.ts';

export interface ReconnectOptions extends BackOffBounds {
  /** A connection that stood for so long was a good one: the next wait is the first again. */
  readonly stableMs: number;
}

/** 1 s doubling to 60 s; a broker that comes back is not met by all its clients at once. */
export const reconnectDefaults: ReconnectOptions = { firstMs: 1000, maxMs: 60_000, stableMs: 30_000 };

/** Two clients of one id throw each other out for as long as both come back: so this one comes back late. */
const takenOver: BackOffBounds = { firstMs: 60_000, maxMs: 900_000 };

/** How long to wait before the next try to connect: doubles with each, with jitter (from half of it to the whole). */
export class ReconnectDelay {
  readonly #options: ReconnectOptions;
  readonly #random: () => number;
  #failures = 0;
  #takeovers = 0;

  constructor(options: ReconnectOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** @param stoodMs how long the connection stood that has ended; 0 where there was none. */
  nextMs(stoodMs: number, wasTakenOver: boolean): number {
    if (wasTakenOver) return this.#waitMs(takenOver, this.#takeovers++);
    const { stableMs } = this.#options;
    if (stoodMs >= stableMs) {
      this.#failures = 0;
      if (stoodMs >= takenOver.maxMs) this.#takeovers = 0;
    }
    return this.#waitMs(this.#options, this.#failures++);
  }

  #waitMs(bounds: BackOffBounds, earlierFailures: number): number {
    return doublingBackOffMs(bounds, earlierFailures, [0.5, 1], this.#random);
  }
}
