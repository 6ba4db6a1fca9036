/** More than the questions of a board's cameras. */
const maxEntries = 1000;

/**
 * The tokens of the last answer to each prompt of each camera: a fixed camera repeats itself, so they are a good guess of the
 * next answer.
 */
export class AnswerDrafts {
  readonly #tokens = new Map<string, Int32Array>();

  /** `camera`: empty for pictures of no camera. */
  get(camera: string, prompt: string): Int32Array | undefined {
    return this.#tokens.get(keyOf(camera, prompt));
  }

  set(camera: string, prompt: string, tokens: Int32Array): void {
    const key = keyOf(camera, prompt);
    // The oldest come first.
    this.#tokens.delete(key);
    this.#tokens.set(key, tokens);
    if (this.#tokens.size > maxEntries) this.#tokens.delete(this.#tokens.keys().next().value!);
  }
}

function keyOf(camera: string, prompt: string): string {
  return JSON.stringify([camera, prompt]);
}
