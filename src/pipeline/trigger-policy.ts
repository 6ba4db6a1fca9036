import { isDeepStrictEqual } from 'node:util';
import type { DescriptionOptions, DescriptionResult } from '../domain/description-options.ts';
import type { GateReading } from '../domain/health.ts';
import type { Trigger } from '../domain/observation.ts';
import type { Look } from './ports.ts';

/** A request for a frame whose capture begins at `since` or later. */
interface PendingRequest {
  readonly since: number;
  readonly options: DescriptionOptions;
  resolve(result: DescriptionResult): void;
  reject(error: unknown): void;
}

/** What decides whether a frame is described. */
export interface Candidate {
  /** null: the camera has no gate. */
  readonly look: Look | null;
  /** When its capture began, by the monotonic clock. */
  readonly captureStart: number;
}

/** A description in progress; exactly one of its two methods is called at the end. */
export interface PendingDescription {
  readonly options: DescriptionOptions;
  described(result: DescriptionResult): void;
  failed(error: unknown): void;
}

export interface TriggerPolicyOptions {
  /** Between two looks. */
  readonly intervalMs: number;
  /** Between two unrequested descriptions; null: as short as the interval. */
  readonly minIntervalMs: number | null;
  /** null: an unchanged picture is never described. */
  readonly maxIntervalMs: number | null;
  /** Whether an unchanged picture must be described to decide a rule. Default: never. */
  readonly wantsConfirmation?: () => boolean;
}

/** Why and when one camera is described: on request, on a change, or because `maxIntervalMs` has passed. */
export class TriggerPolicy {
  readonly #options: TriggerPolicyOptions;
  intervalMs: number;
  #requests: PendingRequest[] = [];
  /** When the capture of the last described frame began. */
  #lastDescribed: number | null = null;
  /** When the capture of the frame that is being described began. */
  #inProgress: number | null = null;
  #reading: GateReading | null = null;

  constructor(options: TriggerPolicyOptions) {
    this.#options = options;
    this.intervalMs = options.intervalMs;
  }

  get reading(): GateReading | null {
    return this.#reading;
  }

  /** Whether a request waits for a frame whose capture began at this moment. */
  isRequestedAt(captureStart: number): boolean {
    return this.#requests.some(({ since }) => since <= captureStart);
  }

  /** Describes a frame whose capture begins from now on. Rejects with the signal's reason when that aborts. */
  async request(options: DescriptionOptions, signal: AbortSignal): Promise<DescriptionResult> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<DescriptionResult>();
    const request: PendingRequest = { since: performance.now(), options, resolve, reject };
    this.#requests.push(request);
    const onAbort = (): void => {
      this.#requests = this.#requests.filter((other) => other !== request);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Rejects all pending requests. */
  refuse(error: unknown): void {
    for (const request of this.#requests.splice(0)) request.reject(error);
  }

  /** Why this frame is to be described; null if nothing has changed and it is not time yet. */
  triggerOf({ look, captureStart }: Candidate): Trigger | null {
    const comparison = look?.compare();
    if (comparison) this.#reading = comparison.reading;
    if (this.isRequestedAt(captureStart)) return 'request';
    if (!comparison) return 'interval';
    if (comparison.changed) return 'change';
    const { maxIntervalMs, wantsConfirmation } = this.#options;
    if (this.#lastDescribed === null) return 'interval';
    if (wantsConfirmation?.()) return 'confirm';
    // Half an interval of slack: a timer that is late by a millisecond must not cost a whole look.
    const ageMs = captureStart - this.#lastDescribed + this.intervalMs / 2;
    return maxIntervalMs !== null && ageMs >= maxIntervalMs ? 'interval' : null;
  }

  /** The earliest time for the next unrequested look. */
  get nextLookFrom(): number {
    const newest = this.#inProgress ?? this.#lastDescribed;
    const { minIntervalMs } = this.#options;
    return newest === null || minIntervalMs === null ? Number.NEGATIVE_INFINITY : newest + minIntervalMs;
  }

  /**
   * This frame goes to the engine now. It answers the oldest request made before its capture, and all others with the same
   * options; the rest wait for a frame of their own.
   */
  begin({ look, captureStart }: Candidate): PendingDescription {
    const isForThisFrame = ({ since }: PendingRequest): boolean => since <= captureStart;
    const options = this.#requests.find(isForThisFrame)?.options ?? {};
    const [others, answered] = partition(
      this.#requests,
      (request) => isForThisFrame(request) && isDeepStrictEqual(request.options, options),
    );
    this.#requests = others;
    this.#inProgress = captureStart;
    return {
      options,
      described: (result) => {
        this.#inProgress = null;
        this.#lastDescribed = captureStart;
        look?.described();
        for (const request of answered) request.resolve(result);
      },
      failed: (error) => {
        this.#inProgress = null;
        for (const request of answered) request.reject(error);
      },
    };
  }
}

/** Those for which `test` is false, and those for which it is true. */
function partition<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  return [all.filter((one) => !test(one)), all.filter(test)];
}
