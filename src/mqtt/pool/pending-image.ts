import type { WorkAnswerPayload } from '../../contract/work.ts';

/** What ends an inquiry, or an attempt at it. */
export type FinalAnswer = Exclude<WorkAnswerPayload, { readonly status: 'working' }>;

/** One image that was sent to a pool, perhaps several times, and what was heard of it. */
export class Inquiry {
  readonly key: string;
  #attempts = 0;
  #lastSign = 0;
  #answers: { readonly attempt: string; readonly answer: FinalAnswer }[] = [];
  #onSign: () => void = () => {};

  constructor(key: string) {
    this.key = key;
  }

  static keyOf(attempt: string): string {
    return attempt.split(' ', 1)[0]!;
  }

  get #attempt(): string {
    return `${this.key} ${this.#attempts}`;
  }

  /** Names the next attempt, by which its answers are told from those of the attempts before. */
  nextAttempt(): string {
    this.#attempts++;
    return this.#attempt;
  }

  hear(attempt: string, answer: WorkAnswerPayload): void {
    this.#lastSign = performance.now();
    if (answer.status !== 'working') this.#answers.push({ attempt, answer });
    this.#onSign();
  }

  /**
   * The answer to the newest attempt, or a description whichever attempt it is of; null where nothing was heard for so
   * long. Rejects with the signal's reason.
   */
  async answer(silenceMs: number, signal: AbortSignal): Promise<FinalAnswer | null> {
    this.#lastSign = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const heard = this.#answers.find(
        ({ attempt, answer }) => answer.status === 'ok' || attempt === this.#attempt,
      );
      this.#answers = [];
      if (heard) return heard.answer;
      const leftMs = this.#lastSign + silenceMs - performance.now();
      if (leftMs <= 0) return null;
      await this.#sign(leftMs, signal);
    }
  }

  /** Until something is heard, or this time has passed, or the signal aborts. */
  async #sign(withinMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#onSign = resolve;
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await promise;
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    this.#onSign = () => {};
  }
}
