import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptResult } from './result.ts';

/** Keeps each scene's result in a file of its own, so that a stopped run can be resumed. */
export class ResultStore {
  readonly #folder: string;

  /** @param folder created when the first result is kept */
  constructor(folder: string) {
    this.#folder = folder;
  }

  keep(result: KeptResult): void {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(this.#pathOf(result.model, result.scene), `${JSON.stringify(result, null, 2)}\n`);
  }

  /** The kept result; null if there is none of this code with at least as many rounds. */
  find<Result extends KeptResult>(wanted: KeptResult): Result | null {
    let result: Result;
    try {
      result = JSON.parse(readFileSync(this.#pathOf(wanted.model, wanted.scene), 'utf8')) as Result;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
      throw error;
    }
    const { codeDigest, roundCount } = wanted;
    return result.codeDigest === codeDigest && result.roundCount >= roundCount ? result : null;
  }

  #pathOf(model: string, scene: string): string {
    return join(this.#folder, `${model}-${scene}.json`);
  }
}
