import type { Trigger } from '../domain/observation.ts';

interface Waiting {
  readonly camera: string;
  readonly trigger: Trigger;
}

interface Slot<Job> {
  /** null: the frame was stale, and the camera keeps its turn for a fresh one. */
  job: Job | null;
  /** How many frames of other cameras were taken while this one waited. */
  passedBy: number;
}

const rankOf: Readonly<Record<Trigger, number>> = { request: 0, change: 1, interval: 2 };

export interface QueueOptions<Job> {
  /** Whether a frame is too old to be described. */
  readonly isStale: (job: Job) => boolean;
  /** After this many frames of other cameras, an interval frame ranks as a change; after twice as many, every frame as a request. */
  readonly patience: number;
  /** Called with a frame that was stale when its turn came. Its camera keeps the turn until this resolves. */
  readonly onStale: (job: Job) => Promise<void>;
  /** Whether a camera's frames must wait whatever their rank. Call `reconsider` when that ends. */
  readonly isHeld?: (camera: string) => boolean;
}

/**
 * The frames that wait for the engine: one slot per camera, where a newer frame replaces the older one. Requests go first,
 * then changes, then interval frames; among equals, first come, first served. No stream of requests starves other cameras:
 * see `patience`.
 */
export class FrameQueue<Job extends Waiting> {
  // A Map keeps a key's place when its value is replaced: a camera never loses its turn to its own newer frame.
  #slots = new Map<string, Slot<Job>>();
  readonly #options: QueueOptions<Job>;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(options: QueueOptions<Job>) {
    this.#options = options;
  }

  /** Number of waiting frames. */
  get depth(): number {
    return [...this.#slots.values()].filter(({ job }) => job !== null).length;
  }

  /** Puts a job in its camera's slot; returns the one it displaced, if any. */
  offer(job: Job): Job | null {
    const slot = this.#slots.get(job.camera);
    const displaced = slot?.job ?? null;
    if (slot) slot.job = job;
    else this.#slots.set(job.camera, { job, passedBy: 0 });
    this.#wake?.();
    return displaced;
  }

  /**
   * Puts back a job that was taken. It is the next of its rank, and ranks as a change at least. Returns it if a newer
   * one has its camera's slot.
   */
  putBack(job: Job): Job | null {
    if (this.#slots.get(job.camera)?.job) return job;
    this.#slots.delete(job.camera);
    this.#slots = new Map([[job.camera, { job, passedBy: this.#options.patience }], ...this.#slots]);
    this.#wake?.();
    return null;
  }

  /**
   * Waits for a job, then for `ready`, as newer frames and requests may arrive meanwhile, and returns the next job that is
   * not stale; null once the queue is closed. One caller at a time.
   */
  async take(ready: () => Promise<void> = async () => {}): Promise<Job | null> {
    while (!this.#closed) {
      if (this.#next()) await ready();
      if (this.#closed) break;
      const slot = this.#next();
      const job = slot?.job;
      if (slot && job && this.#options.isStale(job)) {
        slot.job = null;
        await this.#options.onStale(job);
      } else if (job) {
        this.#slots.delete(job.camera);
        for (const [camera, other] of this.#slots) if (!this.#isHeld(camera)) other.passedBy++;
        return job;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    }
    return null;
  }

  /** Checks again whether a frame can be taken, since a camera is no longer held. */
  reconsider(): void {
    this.#wake?.();
  }

  /** Ends `take`, and returns the jobs that still waited. */
  close(): Job[] {
    this.#closed = true;
    this.#wake?.();
    const left = [...this.#slots.values()].flatMap(({ job }) => (job ? [job] : []));
    this.#slots.clear();
    return left;
  }

  #next(): Slot<Job> | null {
    let best: Slot<Job> | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const [camera, slot] of this.#slots) {
      if (!slot.job || this.#isHeld(camera)) continue;
      const rank = rankOf[slot.job.trigger];
      const fairRank = Math.min(rank, this.#rankFor(slot.passedBy));
      if (fairRank >= bestRank) continue;
      best = slot;
      bestRank = fairRank;
    }
    return best;
  }

  #rankFor(passedBy: number): number {
    const { patience } = this.#options;
    if (passedBy >= 2 * patience) return rankOf.request;
    return passedBy >= patience ? rankOf.change : rankOf.interval;
  }

  #isHeld(camera: string): boolean {
    return this.#options.isHeld?.(camera) ?? false;
  }
}
