import type { Trigger } from '../domain/observation.ts';

interface Waiting {
  readonly camera: string;
  readonly trigger: Trigger;
}

interface Slot<Job> {
  /** null: the frame was too old, and the camera keeps its turn for a fresh one. */
  job: Job | null;
  /** Frames of other cameras that were taken while this one waited. */
  passedBy: number;
}

const rankOf: Readonly<Record<Trigger, number>> = { request: 0, change: 1, interval: 2 };

export interface QueueOptions<Job> {
  /** Whether a frame may no longer be described. */
  readonly isStale: (job: Job) => boolean;
  /** What is only due goes as a change once so many others have gone before it, and all as a request after twice as many. */
  readonly patience: number;
  /** What was too old when its turn came. Its camera keeps the turn, and is waited for until this resolves. */
  readonly onStale: (job: Job) => Promise<void>;
  /** Whether a camera's frames have to wait whatever their turn; once they need not any more, call `reconsider`. */
  readonly isHeld?: (camera: string) => boolean;
}

/**
 * What waits for the engine: one slot a camera, where a newer frame takes the older one's place. Requests go first, then
 * changes, then what is only due; among equals those that began to wait first. Nothing
 * is passed by for ever, so that no stream of requests starves other cameras: see `patience`.
 */
export class FrameQueue<Job extends Waiting> {
  // A Map keeps a key's place when its value is replaced: a camera never loses its turn to its own newer frame.
  readonly #slots = new Map<string, Slot<Job>>();
  readonly #options: QueueOptions<Job>;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(options: QueueOptions<Job>) {
    this.#options = options;
  }

  /** How many frames wait. */
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
   * The next job that is not stale, waiting for one where there is none, and then until `ready` resolves, as newer frames and
   * requests may come in that time; null once the queue is closed. One caller at a time.
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

  /** Looks again whether a frame can be taken: a camera is no longer held. */
  reconsider(): void {
    this.#wake?.();
  }

  /** Wakes whoever waits, and returns what nobody will take any more. */
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
