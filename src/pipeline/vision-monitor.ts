import { type CameraVision, noLookYet } from '../domain/camera-vision.ts';
import type { ModelRole } from '../domain/model-role.ts';

export interface VisionMonitorOptions {
  /** Those that describe the camera or answer its standing questions. */
  readonly models: readonly ModelRole[];
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
 * Whether what was last said about a camera still holds: all that each model said. A look succeeds when its picture is
 * described, or shows the same as the last described one. By default it is stale after three intervals and the longest
 * recent description, at least two minutes.
 */
export class VisionMonitor {
  readonly #options: VisionMonitorOptions;
  #state: CameraVision | null = null;
  /** By model: when the capture of its last successful look began, by the monotonic clock. */
  readonly #heldAtMs = new Map<ModelRole, number>();
  readonly #descriptionsMs: number[] = [];
  /** By model: why its last description failed, if no later look has succeeded. */
  readonly #failures = new Map<ModelRole, string>();
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

  /** What these models said holds for a picture: it shows the same as the last described one. */
  held(models: readonly ModelRole[], captureStart: number): void {
    for (const model of models) {
      this.#heldAtMs.set(model, Math.max(this.#heldAtMs.get(model) ?? 0, captureStart));
      this.#failures.delete(model);
    }
    this.update();
  }

  described(model: ModelRole, captureStart: number, totalMs: number): void {
    this.#descriptionsMs.push(totalMs);
    if (this.#descriptionsMs.length > recentDescriptions) this.#descriptionsMs.shift();
    this.held([model], captureStart);
  }

  failed(model: ModelRole, reason: string): void {
    this.#failures.set(model, reason);
    this.update();
  }

  /** How long what was said holds without a successful look. */
  get staleAfterMs(): number {
    const { staleAfterMs, intervalMs } = this.#options;
    if (staleAfterMs !== null) return staleAfterMs;
    return Math.max(minStaleAfterMs, staleLooks * intervalMs() + Math.max(0, ...this.#descriptionsMs));
  }

  /** Call when the camera is paused or resumed, or its pictures become of no use or of use again. */
  update(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning) return;
    const heldAtMs = this.#allHeldAtMs;
    const leftMs = heldAtMs === null ? 0 : heldAtMs + this.staleAfterMs - performance.now();
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
    const failing = this.#options.cameraFault() ?? this.#failures.values().next().value ?? null;
    if (failing !== null) return { state: 'failing', reason: failing };
    if (isFresh) return { state: 'current', reason: null };
    if (this.#allHeldAtMs === null) return { state: 'stale', reason: noLookYet };
    return {
      state: 'stale',
      reason: `no look has succeeded for ${Math.round(this.staleAfterMs / 1000)} s`,
    };
  }

  /** When all models had a successful look; null: one has had none since the start. */
  get #allHeldAtMs(): number | null {
    const times = this.#options.models.map((model) => this.#heldAtMs.get(model) ?? null);
    return times.includes(null) ? null : Math.min(...times.filter((time) => time !== null));
  }

  #stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }
}
