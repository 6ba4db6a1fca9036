/** A sleep between two looks that can be cut short. One sleeper at a time. */
export class InterruptibleSleep {
  #wake: (() => void) | null = null;
  #untilMs = Number.POSITIVE_INFINITY;

  get isSleeping(): boolean {
    return this.#wake !== null;
  }

  /** When the current sleep ends by itself, by performance.now(); Infinity if nothing sleeps, or only an interrupt ends it. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /**
   * Sleeps until a moment of performance.now(), which may move meanwhile (Infinity: until interrupted), or until `isOver`.
   */
  async until(moment: () => number, isOver: () => boolean): Promise<void> {
    for (;;) {
      const leftMs = moment() - performance.now();
      if (leftMs <= 0 || isOver()) return;
      this.#untilMs = performance.now() + leftMs;
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(leftMs) ? setTimeout(resolve, leftMs) : null;
        this.#wake = () => {
          if (timer) clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
      this.#untilMs = Number.POSITIVE_INFINITY;
    }
  }

  /** Makes the sleeper check its moment and `isOver` again. */
  interrupt(): void {
    this.#wake?.();
  }
}
