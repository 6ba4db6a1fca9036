import type { Log } from './ports.ts';

/** After this many looks in a row without a miss, the engine keeps up again. */
const calmLooks = 3;
/**
 * While the engine does not keep up, a waiting frame is renewed at this part of the effective interval, but after two
 * seconds at the latest. So a description takes about two looks, however many cameras share the engine.
 */
const renewalShare = 1 / 2;
const maxRenewalMs = 2000;

export interface BackpressureOptions {
  readonly camera: string;
  /** Configured time between two looks. */
  readonly intervalMs: number;
  /** Reports once when the interval begins to stretch, and once when it is back to normal. */
  readonly log: Log;
}

/**
 * Tracks whether the engine keeps up with one camera. A frame that was replaced or went stale is a miss. After a miss, the
 * effective interval is the time between two frames that the engine took.
 */
export class BackpressureMonitor {
  readonly #options: BackpressureOptions;
  intervalMs: number;
  #waitingSince: number | null = null;
  /** When the capture of the frame that waits began. */
  #keptCapture: number | null = null;
  #lastTaken = Number.NEGATIVE_INFINITY;
  #missed = false;
  #calm = 0;
  #stretchedMs: number | null = null;

  constructor(options: BackpressureOptions) {
    this.#options = options;
    this.intervalMs = options.intervalMs;
  }

  get effectiveIntervalMs(): number {
    return this.#stretchedMs === null ? this.intervalMs : Math.max(this.#stretchedMs, this.#gapMs());
  }

  /**
   * When a frame may be captured in place of the one that waits; 0: at any time. A frame that is replaced before the engine
   * takes it was captured in vain, on cores that the engine needs.
   */
  get renewFrom(): number {
    if (this.#keptCapture === null) return 0;
    const isStretched = this.#stretchedMs !== null;
    const ageMs = isStretched ? Math.min(this.effectiveIntervalMs * renewalShare, maxRenewalMs) : 0;
    return this.#keptCapture + ageMs;
  }

  /** A frame waits for the engine. @param isKept it is described whatever the next looks show */
  waiting(captureStart: number, isKept: boolean): void {
    this.#keptCapture = isKept ? captureStart : null;
    this.#waitingSince ??= performance.now();
  }

  /** A frame that waited was replaced or went stale. */
  missed(): void {
    this.#missed = true;
  }

  /** The engine took a frame. */
  taken(): void {
    const gapMs = this.#gapMs();
    this.#lastTaken = performance.now();
    this.#waitingSince = null;
    this.#keptCapture = null;
    if (!this.#missed) {
      this.#calmDown();
      return;
    }
    this.#missed = false;
    this.#calm = 0;
    const before = this.#stretchedMs;
    this.#stretchedMs = Math.max(this.intervalMs, before === null ? gapMs : (before + gapMs) / 2);
    if (before === null)
      this.#options.log.warn(
        this.#fields,
        'the engine is slower than the interval; the interval is stretched',
      );
  }

  /** A look needed no description. */
  unchanged(): void {
    if (this.#waitingSince === null) this.#calmDown();
  }

  #calmDown(): void {
    this.#calm++;
    if (this.#stretchedMs === null || this.#calm < calmLooks) return;
    this.#stretchedMs = null;
    this.#options.log.info(this.#fields, 'the engine keeps up again; the interval is restored');
  }

  get #fields(): object {
    const intervalMs = this.intervalMs;
    const effectiveIntervalMs = Math.round(this.#stretchedMs ?? intervalMs);
    return { camera: this.#options.camera, intervalMs, effectiveIntervalMs };
  }

  /** Time since the last frame was taken; after a quiet period, since the waiting frame was due. */
  #gapMs(): number {
    if (this.#waitingSince === null) return 0;
    const now = performance.now();
    return Math.min(now - this.#lastTaken, now - this.#waitingSince + this.intervalMs);
  }
}
