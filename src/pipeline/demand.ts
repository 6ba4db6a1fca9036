import { isDeepStrictEqual } from 'node:util';
import type { GateReading } from '../domain/health.ts';
import type { Trigger } from '../domain/observation.ts';
import type { Fulfilment, Wish } from '../domain/wish.ts';
import type { Look } from './ports.ts';

/** Somebody who wants the camera described as it is from `since` on. */
interface Waiter {
  readonly since: number;
  readonly wish: Wish;
  resolve(fulfilment: Fulfilment): void;
  reject(error: unknown): void;
}

/** A frame as far as it matters whether it is described. */
export interface Candidate {
  /** null: the camera has no gate. */
  readonly look: Look | null;
  /** When its capture began, by the monotonic clock. */
  readonly captureStart: number;
}

/** A frame that is being described: exactly one of the two is called at its end. */
export interface Inquiry {
  readonly wish: Wish;
  described(fulfilment: Fulfilment): void;
  failed(error: unknown): void;
}

export interface DemandOptions {
  /** How often the camera is looked at. */
  readonly intervalMs: number;
  /** null: as often as it is looked at. */
  readonly minIntervalMs: number | null;
  /** null: an unchanged picture is never described. */
  readonly maxIntervalMs: number | null;
}

/** Why and when one camera is described: somebody asked, something changed, or it is time. */
export class Demand {
  readonly #options: DemandOptions;
  intervalMs: number;
  #waiters: Waiter[] = [];
  /** The capture of the last described frame. */
  #lastDescribed: number | null = null;
  /** The capture of the frame that is being described. */
  #underWay: number | null = null;
  #reading: GateReading | null = null;

  constructor(options: DemandOptions) {
    this.#options = options;
    this.intervalMs = options.intervalMs;
  }

  get reading(): GateReading | null {
    return this.#reading;
  }

  /** Whether somebody waits for a frame whose capture begins, or began, at this moment. */
  isRequestedAt(captureStart: number): boolean {
    return this.#waiters.some(({ since }) => since <= captureStart);
  }

  /** The description of a frame whose capture begins from now on; rejects with the signal's reason when it aborts. */
  async request(wish: Wish, signal: AbortSignal): Promise<Fulfilment> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Fulfilment>();
    const waiter: Waiter = { since: performance.now(), wish, resolve, reject };
    this.#waiters.push(waiter);
    const onAbort = (): void => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Gives up on everybody who waits. */
  refuse(error: unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }

  /** Why this frame is to be described; null where nothing has changed and it is not time. */
  triggerOf({ look, captureStart }: Candidate): Trigger | null {
    const comparison = look?.compare();
    if (comparison) this.#reading = comparison.reading;
    if (this.isRequestedAt(captureStart)) return 'request';
    if (!comparison) return 'interval';
    if (comparison.changed) return 'change';
    const { maxIntervalMs } = this.#options;
    if (this.#lastDescribed === null) return 'interval';
    // Half a look of slack: timers are late by a millisecond or two, and that must not cost a whole look.
    const ageMs = captureStart - this.#lastDescribed + this.intervalMs / 2;
    return maxIntervalMs !== null && ageMs >= maxIntervalMs ? 'interval' : null;
  }

  /** Before this moment nobody but a requester wants a look. */
  get nextLookFrom(): number {
    const newest = this.#underWay ?? this.#lastDescribed;
    const { minIntervalMs } = this.#options;
    return newest === null || minIntervalMs === null ? Number.NEGATIVE_INFINITY : newest + minIntervalMs;
  }

  /**
   * This frame goes to the engine now, for whoever has waited longest since before its capture, and all who wish the same.
   * Others go on waiting, for a frame of their own.
   */
  begin({ look, captureStart }: Candidate): Inquiry {
    const wish = this.#waiters.find(({ since }) => since <= captureStart)?.wish ?? {};
    const isServed = (waiter: Waiter): boolean =>
      waiter.since <= captureStart && isDeepStrictEqual(waiter.wish, wish);
    const waiters = this.#waiters.filter(isServed);
    this.#waiters = this.#waiters.filter((waiter) => !isServed(waiter));
    this.#underWay = captureStart;
    return {
      wish,
      described: (fulfilment) => {
        this.#underWay = null;
        this.#lastDescribed = captureStart;
        look?.described();
        for (const waiter of waiters) waiter.resolve(fulfilment);
      },
      failed: (error) => {
        this.#underWay = null;
        for (const waiter of waiters) waiter.reject(error);
      },
    };
  }
}
