import type { ModelRole } from '../domain/model-role.ts';
import type { Trigger } from '../domain/observation.ts';

interface Waiting {
  readonly camera: string;
  /** The model that describes it, if there are two. */
  readonly model?: ModelRole;
  readonly trigger: Trigger;
}

interface Slot<Job> {
  /** null: the frame was stale, and the camera keeps its turn for a fresh one. */
  job: Job | null;
  /** How many frames of other cameras were taken while this one waited. */
  passedBy: number;
}

const rankOf: Readonly<Record<Trigger, number>> = { request: 0, change: 1, confirm: 1, interval: 2 };

export interface QueueOptions<Job> {
  /** Whether a frame is too old to be described. */
  readonly isStale: (job: Job) => boolean;
  /** After this many frames of other cameras, an interval frame ranks as a change; after twice as many, every frame as a request. */
  readonly patience: number;
  /** Called with a frame that was stale when its turn came. Its camera keeps the turn until this resolves. */
  readonly onStale: (job: Job) => Promise<void>;
  /** Whether a frame must wait whatever its rank. Call `reconsider` when that ends. */
  readonly isHeld?: (job: Job) => boolean;
}

/** A camera has a place for each model. */
export function slotOf({ camera, model }: Omit<Waiting, 'trigger'>): string {
  return model === 'quick' ? `${camera} quick` : camera;
}

/**
 * The frames that wait for the engine: one slot per camera and model, where a newer frame replaces the older one. Requests and
 * the quick model's frames go first, then changes, then interval frames; among equals, first come, first served. No stream of
 * requests starves other cameras: see `patience`.
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

  /** The waiting frames. */
  get jobs(): Job[] {
    return [...this.#slots.values()].flatMap(({ job }) => (job ? [job] : []));
  }

  /** Puts a job in its camera's slot; returns the one it displaced, if any. */
  offer(job: Job): Job | null {
    const slot = this.#slots.get(slotOf(job));
    const displaced = slot?.job ?? null;
    if (slot) slot.job = job;
    else this.#slots.set(slotOf(job), { job, passedBy: 0 });
    this.#wake?.();
    return displaced;
  }

  /**
   * Puts back a job that was taken. It is the next of its rank, and ranks as a change at least. Returns it if a newer
   * one has its camera's slot.
   */
  putBack(job: Job): Job | null {
    const key = slotOf(job);
    if (this.#slots.get(key)?.job) return job;
    this.#slots.delete(key);
    this.#slots = new Map([[key, { job, passedBy: this.#options.patience }], ...this.#slots]);
    this.#wake?.();
    return null;
  }

  /** Waits for a job that is neither held nor stale; null once the queue is closed. One caller at a time. */
  async take(): Promise<Job | null> {
    while (!this.#closed) {
      const slot = this.#next();
      const job = slot?.job;
      if (slot && job && this.#options.isStale(job)) {
        slot.job = null;
        await this.#options.onStale(job);
      } else if (job) {
        this.#slots.delete(slotOf(job));
        for (const other of this.#slots.values()) if (!this.#isHeld(other.job)) other.passedBy++;
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

  /** Checks again whether a frame can be taken, since one is no longer held. */
  reconsider(): void {
    this.#wake?.();
  }

  /** Ends `take`, and returns the jobs that still waited. */
  close(): Job[] {
    this.#closed = true;
    this.#wake?.();
    const left = this.jobs;
    this.#slots.clear();
    return left;
  }

  #next(): Slot<Job> | null {
    let best: Slot<Job> | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots.values()) {
      if (!slot.job || this.#isHeld(slot.job)) continue;
      const rank = this.#rankOf(slot.job);
      const fairRank = Math.min(rank, this.#rankFor(slot.passedBy));
      if (fairRank >= bestRank) continue;
      best = slot;
      bestRank = fairRank;
    }
    return best;
  }

  #rankOf({ model, trigger }: Job): number {
    if (model !== 'quick') return rankOf[trigger];
    // The answers of a requested look are part of its description's response.
    return trigger === 'request' ? rankOf.request - 1 : rankOf.request;
  }

  #rankFor(passedBy: number): number {
    const { patience } = this.#options;
    if (passedBy >= 2 * patience) return rankOf.request;
    return passedBy >= patience ? rankOf.change : rankOf.interval;
  }

  #isHeld(job: Job | null): boolean {
    return job !== null && (this.#options.isHeld?.(job) ?? false);
  }
}
