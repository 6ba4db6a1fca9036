import type { WorkAnswerPayload } from '../../contract/work.ts';

/** An answer that ends an attempt. */
export type FinalAnswer = Exclude<WorkAnswerPayload, { readonly status: 'working' }>;

/** One image that was sent to a pool, perhaps several times, and the answers to it. */
export class PendingImage {
  readonly key: string;
  #attempts = 0;
  #lastMessageMs = 0;
  #answers: { readonly attempt: string; readonly answer: FinalAnswer }[] = [];
  #onMessage: () => void = () => {};

  constructor(key: string) {
    this.key = key;
  }

  static keyOf(attempt: string): string {
    return attempt.split(' ', 1)[0]!;
  }

  get #attempt(): string {
    return `${this.key} ${this.#attempts}`;
  }

  /** Starts an attempt. @returns its id, which distinguishes its answers from those of earlier attempts. */
  nextAttempt(): string {
    this.#attempts++;
    return this.#attempt;
  }

  receive(attempt: string, answer: WorkAnswerPayload): void {
    this.#lastMessageMs = performance.now();
    if (answer.status !== 'working') this.#answers.push({ attempt, answer });
    this.#onMessage();
  }

  /**
   * The answer to the newest attempt, or a description from any attempt; null if no message arrives for `silenceMs`.
   * Rejects with the signal's reason.
   */
  async answer(silenceMs: number, signal: AbortSignal): Promise<FinalAnswer | null> {
    this.#lastMessageMs = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const found = this.#answers.find(
        ({ attempt, answer }) => answer.status === 'ok' || attempt === this.#attempt,
      );
      this.#answers = [];
      if (found) return found.answer;
      const leftMs = this.#lastMessageMs + silenceMs - performance.now();
      if (leftMs <= 0) return null;
      await this.#message(leftMs, signal);
    }
  }

  /** Waits for a message, for this time, or until the signal aborts. */
  async #message(withinMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#onMessage = resolve;
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await promise;
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    this.#onMessage = () => {};
  }
}
