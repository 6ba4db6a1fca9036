/** How often the engine process sends `alive`. */
export const aliveIntervalMs = 5000;
/**
 * After this time the process is stopped, or its event loop is blocked for good. It encodes and decodes in other threads,
 * but on a board that swaps, or whose cores are all busy, the loop may stall for many seconds, and a false alarm costs a
 * reload of the whole model.
 */
export const maxSilenceMs = 45_000;
/** Before the first message: a process starts slowly on a busy board. */
const maxFirstSilenceMs = 120_000;

/**
 * Calls back once when there was no message for `silenceMs`, give or take a tick. Counts ticks of its own timer, so that a
 * stalled daemon or a suspended board does not count as silence.
 */
export class SilenceWatch {
  readonly #maxMissed: number;
  readonly #onSilence: () => void;
  #missed: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(silenceMs: number, onSilence: () => void) {
    this.#maxMissed = Math.ceil(silenceMs / aliveIntervalMs);
    this.#missed = this.#maxMissed - Math.ceil(maxFirstSilenceMs / aliveIntervalMs);
    this.#onSilence = onSilence;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#missed++;
      if (this.#missed === this.#maxMissed) this.#onSilence();
    }, aliveIntervalMs);
  }

  heard(): void {
    this.#missed = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
