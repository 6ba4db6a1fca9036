/** A rest between two looks, which can be cut short. One at a time. */
export class Rest {
  #wake: (() => void) | null = null;

  /** Whether somebody rests now. */
  get isOn(): boolean {
    return this.#wake !== null;
  }

  /** Rests until a moment of performance.now(), which may move meanwhile (Infinity: until it is cut short), or `isOver`. */
  async until(moment: () => number, isOver: () => boolean): Promise<void> {
    for (;;) {
      const leftMs = moment() - performance.now();
      if (leftMs <= 0 || isOver()) return;
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(leftMs) ? setTimeout(resolve, leftMs) : null;
        this.#wake = () => {
          if (timer) clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  /** Has moment and end looked at anew. */
  interrupt(): void {
    this.#wake?.();
  }
}
