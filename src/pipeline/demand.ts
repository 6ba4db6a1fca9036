import type { GateReading } from '../domain/health.ts';
import type { Observation, Trigger } from '../domain/observation.ts';
import type { Look } from './ports.ts';

/** Somebody who wants the camera described as it is from `since` on. */
interface Waiter {
  readonly since: number;
  resolve(observation: Observation): void;
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
  described(observation: Observation): void;
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
  #waiters: Waiter[] = [];
  /** The capture of the last described frame. */
  #lastDescribed: number | null = null;
  /** The capture of the frame that is being described. */
  #underWay: number | null = null;
  #reading: GateReading | null = null;

  constructor(options: DemandOptions) {
    this.#options = options;
  }

  get reading(): GateReading | null {
    return this.#reading;
  }

  get isRequested(): boolean {
    return this.#waiters.length > 0;
  }

  /** The description of the next frame whose capture begins from now on. */
  request(): Promise<Observation> {
    const { promise, resolve, reject } = Promise.withResolvers<Observation>();
    this.#waiters.push({ since: performance.now(), resolve, reject });
    return promise;
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
    if (this.#waiters.some(({ since }) => since <= captureStart)) return 'request';
    if (!comparison) return 'interval';
    if (comparison.changed) return 'change';
    const { intervalMs, maxIntervalMs } = this.#options;
    if (this.#lastDescribed === null) return 'interval';
    // Half a look of slack: timers are late by a millisecond or two, and that must not cost a whole look.
    const ageMs = captureStart - this.#lastDescribed + intervalMs / 2;
    return maxIntervalMs !== null && ageMs >= maxIntervalMs ? 'interval' : null;
  }

  /** Before this moment nobody but a requester wants a look. */
  get nextLookFrom(): number {
    const newest = this.#underWay ?? this.#lastDescribed;
    const { minIntervalMs } = this.#options;
    return newest === null || minIntervalMs === null ? Number.NEGATIVE_INFINITY : newest + minIntervalMs;
  }

  /** This frame goes to the engine now, for everybody who asked before its capture. */
  begin({ look, captureStart }: Candidate): Inquiry {
    const waiters = this.#waiters.filter(({ since }) => since <= captureStart);
    this.#waiters = this.#waiters.filter(({ since }) => since > captureStart);
    this.#underWay = captureStart;
    return {
      described: (observation) => {
        this.#underWay = null;
        this.#lastDescribed = captureStart;
        look?.described();
        for (const waiter of waiters) waiter.resolve(observation);
      },
      failed: (error) => {
        this.#underWay = null;
        for (const waiter of waiters) waiter.reject(error);
      },
    };
  }
}
