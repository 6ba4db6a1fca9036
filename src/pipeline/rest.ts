/** A rest between two looks, which can be cut short. One at a time. */
export class Rest {
  #wake: (() => void) | null = null;
  #untilMs = Number.POSITIVE_INFINITY;

  /** Whether somebody rests now. */
  get isOn(): boolean {
    return this.#wake !== null;
  }

  /** When the rest under way ends by itself, by performance.now(); Infinity: nobody rests, or nothing but somebody ends it. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** Rests until a moment of performance.now(), which may move meanwhile (Infinity: until it is cut short), or `isOver`. */
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

  /** Has moment and end looked at anew. */
  interrupt(): void {
    this.#wake?.();
  }
}
