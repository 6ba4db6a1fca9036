/** How often the engine's process gives a sign of life. */
export const signOfLifeMs = 5000;
/**
 * Its process is then stopped, or its event loop blocked for good. It computes in other threads, so that its loop is free
 * while it encodes or decodes; but on a board that swaps, or whose cores are all taken, a loop may be held up for many
 * seconds, and a false alarm costs a reload of the whole model.
 */
export const longestSilenceMs = 45_000;
/** Before the first one: a process that has to come up on a busy board takes its time. */
const longestFirstSilenceMs = 120_000;

/**
 * Tells once when nothing has been heard for `silenceMs`, give or take a tick. Counted in ticks of our own: whoever was held up
 * himself, or slept with the whole board, has heard nothing in that time either.
 */
export class SilenceWatch {
  readonly #mostMissing: number;
  readonly #onSilence: () => void;
  #missing: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(silenceMs: number, onSilence: () => void) {
    this.#mostMissing = Math.ceil(silenceMs / signOfLifeMs);
    this.#missing = this.#mostMissing - Math.ceil(longestFirstSilenceMs / signOfLifeMs);
    this.#onSilence = onSilence;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#missing++;
      if (this.#missing === this.#mostMissing) this.#onSilence();
    }, signOfLifeMs);
  }

  heard(): void {
    this.#missing = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
