import { type CameraVision, noLookYet } from '../domain/camera-vision.ts';

export interface VisionMonitorOptions {
  /** Why the camera is paused; null: it is not. */
  readonly pauseReason: () => string | null;
  /** Why its pictures are of no use; null: they are. */
  readonly cameraFault: () => string | null;
  /** Time between two looks as things are now. */
  readonly intervalMs: () => number;
  /** What was said is stale without a successful look for this long; null: see `VisionMonitor`. */
  readonly staleAfterMs: number | null;
  readonly publish: (vision: CameraVision) => void;
}

const minStaleAfterMs = 120_000;
/** Looks that may fail in a row, or take long. */
const staleLooks = 3;
const recentDescriptions = 20;
/** The interval may change meanwhile, and timers have a maximum. */
const maxWaitMs = 60_000;

/**
 * Whether what was last said about a camera still holds. A look succeeds when its picture is described, or shows the same as
 * the last described one. By default it is stale after three intervals and the longest recent description, at least two minutes.
 */
export class VisionMonitor {
  readonly #options: VisionMonitorOptions;
  #state: CameraVision | null = null;
  /** When the capture of the last successful look began, by the monotonic clock; null: none since the start. */
  #heldAtMs: number | null = null;
  readonly #descriptionsMs: number[] = [];
  /** Why the last description failed; null: it did not, or a later look has succeeded. */
  #failure: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  constructor(options: VisionMonitorOptions) {
    this.#options = options;
  }

  /** Publishes the first state, and each change until the signal aborts. */
  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#isRunning = true;
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    this.update();
  }

  /** A picture was captured that shows the same as the last described one. */
  unchanged(captureStart: number): void {
    this.#heldAtMs = Math.max(this.#heldAtMs ?? 0, captureStart);
    this.#failure = null;
    this.update();
  }

  described(captureStart: number, totalMs: number): void {
    this.#descriptionsMs.push(totalMs);
    if (this.#descriptionsMs.length > recentDescriptions) this.#descriptionsMs.shift();
    this.unchanged(captureStart);
  }

  failed(reason: string): void {
    this.#failure = reason;
    this.update();
  }

  /** Call when the camera is paused or resumed, or its pictures become of no use or of use again. */
  update(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning) return;
    const leftMs = this.#heldAtMs === null ? 0 : this.#heldAtMs + this.#staleAfterMs() - performance.now();
    if (leftMs > 0) this.#timer = setTimeout(() => this.update(), Math.min(leftMs, maxWaitMs));
    const { state, reason } = this.#verdict(leftMs > 0);
    const before = this.#state;
    if (state === before?.state && reason === before.reason) return;
    this.#state = { state, reason, since: state === before?.state ? before.since : new Date() };
    this.#options.publish(this.#state);
  }

  #verdict(isFresh: boolean): Omit<CameraVision, 'since'> {
    const paused = this.#options.pauseReason();
    if (paused !== null) return { state: 'paused', reason: paused };
    const failing = this.#options.cameraFault() ?? this.#failure;
    if (failing !== null) return { state: 'failing', reason: failing };
    if (isFresh) return { state: 'current', reason: null };
    if (this.#heldAtMs === null) return { state: 'stale', reason: noLookYet };
    return {
      state: 'stale',
      reason: `no look has succeeded for ${Math.round(this.#staleAfterMs() / 1000)} s`,
    };
  }

  #staleAfterMs(): number {
    const { staleAfterMs, intervalMs } = this.#options;
    if (staleAfterMs !== null) return staleAfterMs;
    return Math.max(minStaleAfterMs, staleLooks * intervalMs() + Math.max(0, ...this.#descriptionsMs));
  }

  #stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }
}
