/**
 * What waits for the engine: one slot a camera, where a newer frame takes the older one's place.
 * Served in the order in which the cameras began to wait, so that none starves.
 */
export class FrameQueue<Job extends { readonly camera: string }> {
  // A Map keeps a key's place when its value is replaced: a camera never loses its turn to its own newer frame.
  readonly #slots = new Map<string, Job>();
  #wake: (() => void) | null = null;
  #closed = false;

  /** Puts a job in its camera's slot; returns the one it displaced, if any. */
  offer(job: Job): Job | null {
    const displaced = this.#slots.get(job.camera) ?? null;
    this.#slots.set(job.camera, job);
    this.#wake?.();
    return displaced;
  }

  /** The next job, waiting for one where there is none; null once the queue is closed. One caller at a time. */
  async take(): Promise<Job | null> {
    while (!this.#closed) {
      const [job] = this.#slots.values();
      if (job) {
        this.#slots.delete(job.camera);
        return job;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    return null;
  }

  /** Wakes whoever waits, and returns what nobody will take any more. */
  close(): Job[] {
    this.#closed = true;
    this.#wake?.();
    const left = [...this.#slots.values()];
    this.#slots.clear();
    return left;
  }
}
