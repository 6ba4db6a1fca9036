import type { Reading } from './contender.ts';

type Stages = Pick<Reading, 'encodeMs' | 'prefillMs' | 'generateMs' | 'promptTokens' | 'completionTokens'>;

/** Reads llama-mtmd-cli's log, with `-lv 4`: one line for each encoded part of the picture, and a summary at its end. */
export class MtmdCliLog {
  #encodeMs = 0;
  #prompt: readonly [ms: number, tokens: number] | null = null;
  #generation: readonly [ms: number, runs: number] | null = null;

  read(line: string): void {
    const encodeMs = /mtmd batch encoding done in (\d+) ms/.exec(line)?.[1];
    if (encodeMs !== undefined) this.#encodeMs += Number(encodeMs);
    this.#prompt ??= perf(line, /prompt eval time = +([\d.]+) ms \/ +(\d+) tokens/);
    this.#generation ??= perf(line, /: +eval time = +([\d.]+) ms \/ +(\d+) runs/);
  }

  /** @throws Error if the summary is missing */
  get stages(): Stages {
    if (!this.#prompt || !this.#generation) throw new Error('llama-mtmd-cli: its log has no times');
    const [promptMs, promptTokens] = this.#prompt;
    // llama.cpp's clock of the prompt goes on while the next part of the picture is encoded.
    const prefillMs = Math.max(0, promptMs - this.#encodeMs);
    const [generateMs, runs] = this.#generation;
    // The first token comes from the prompt's logits.
    return { encodeMs: this.#encodeMs, prefillMs, generateMs, promptTokens, completionTokens: runs + 1 };
  }
}

function perf(line: string, pattern: RegExp): readonly [number, number] | null {
  const match = pattern.exec(line);
  return match ? [Number(match[1]), Number(match[2])] : null;
}
