import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SceneResult } from './result.ts';

/** Keeps each scene's result in a file of its own, so that a stopped run can be resumed. */
export class ResultStore {
  readonly #folder: string;

  /** @param folder created when the first result is kept */
  constructor(folder: string) {
    this.#folder = folder;
  }

  keep(result: SceneResult): void {
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(this.#pathOf(result.model, result.scene), `${JSON.stringify(result, null, 2)}\n`);
  }

  /** The kept result; null if there is none of this code with at least so many rounds. */
  find(model: string, scene: string, codeDigest: string, minRounds: number): SceneResult | null {
    let result: SceneResult;
    try {
      result = JSON.parse(readFileSync(this.#pathOf(model, scene), 'utf8')) as SceneResult;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
      throw error;
    }
    return result.codeDigest === codeDigest && result.ours.rounds.length >= minRounds ? result : null;
  }

  #pathOf(model: string, scene: string): string {
    return join(this.#folder, `${model}-${scene}.json`);
  }
}
