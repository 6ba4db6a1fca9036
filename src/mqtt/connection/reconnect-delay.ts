import { type BackOffBounds, doublingBackOffMs } from '../../domain/doubling-back-off.ts';

export interface ReconnectOptions extends BackOffBounds {
  /** After a connection of this duration, the next wait is the first again. */
  readonly stableMs: number;
}

/** 1 s doubling to 60 s; with jitter, so that clients do not all reconnect at once after an outage. */
export const reconnectDefaults: ReconnectOptions = { firstMs: 1000, maxMs: 60_000, stableMs: 30_000 };

/** Two clients with the same id would keep disconnecting each other, so this one waits long. */
export const takeoverBounds: BackOffBounds = { firstMs: 60_000, maxMs: 900_000 };

/** How long to wait before the next attempt to connect: doubles each time, with jitter (half to full). */
export class ReconnectDelay {
  readonly #options: ReconnectOptions;
  readonly #random: () => number;
  #failures = 0;
  #takeovers = 0;

  constructor(options: ReconnectOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** @param connectedMs duration of the connection that ended; 0 if there was none. */
  nextMs(connectedMs: number, wasTakenOver: boolean): number {
    if (wasTakenOver) return this.#waitMs(takeoverBounds, this.#takeovers++);
    const { stableMs } = this.#options;
    if (connectedMs >= stableMs) {
      this.#failures = 0;
      if (connectedMs >= takeoverBounds.maxMs) this.#takeovers = 0;
    }
    return this.#waitMs(this.#options, this.#failures++);
  }

  #waitMs(bounds: BackOffBounds, earlierFailures: number): number {
    return doublingBackOffMs(bounds, earlierFailures, [0.5, 1], this.#random);
  }
}
