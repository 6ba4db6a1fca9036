/** How often the engine's process gives a sign of life. */
export const signOfLifeMs = 5000;
/**
 * So many of them missing in a row, and its process is stopped or its event loop blocked for good. It computes in other
 * threads, so that its loop is free while it encodes or decodes; but on a board that swaps, or whose cores are all taken, a
 * loop may be held up for many seconds, and a false alarm costs a reload of the whole model.
 */
const mostMissing = 9;

/**
 * Tells once when nothing has been heard for 45 s. Counted in ticks of our own: whoever was held up himself, or slept
 * with the whole board, has heard nothing for that time either.
 */
export class SilenceWatch {
  readonly #timer: NodeJS.Timeout;
  #missing = 0;

  constructor(onSilence: () => void) {
    this.#timer = setInterval(() => {
      this.#missing++;
      if (this.#missing === mostMissing) onSilence();
    }, signOfLifeMs);
  }

  heard(): void {
    this.#missing = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
