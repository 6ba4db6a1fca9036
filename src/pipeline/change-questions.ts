import { changeQuestion, comparisonQuestion } from '../domain/change-question.ts';
import type { Picture } from '../domain/frame.ts';
import { promptIn } from '../domain/language.ts';
import type { Observation } from '../domain/observation.ts';
import type { ChangeQuestion } from './ports.ts';

interface Described {
  /** The last description to each prompt. */
  readonly texts: Map<string, string>;
  /** The picture of the newest of them: one is kept, as bare pixels take megabytes. */
  readonly newest: { readonly prompt: string; readonly picture: Picture };
}

/** The questions of what has changed, each with the camera's last description to the same prompt, and with its picture. */
export class ChangeQuestions {
  readonly #language: string;
  readonly #cameras: ReadonlySet<string>;
  /** By camera. */
  readonly #described = new Map<string, Described>();

  /** @param cameras those of which it is asked */
  constructor(language: string, cameras: ReadonlySet<string>) {
    this.#language = language;
    this.#cameras = cameras;
  }

  described({ frame: { camera, picture }, prompt, description: { text } }: Observation): void {
    if (text === null || prompt === null || !this.#cameras.has(camera)) return;
    const texts = this.#described.get(camera)?.texts ?? new Map<string, string>();
    this.#described.set(camera, { texts: texts.set(prompt, text), newest: { prompt, picture } });
  }

  /** What is private has changed: what was seen of the camera until now is shown to no model any more. */
  forget(camera: string): void {
    this.#described.delete(camera);
  }

  /** The question about a frame, as a field of its request; none if there is nothing to ask. */
  of(
    camera: string,
    { trigger, prompt }: Pick<Observation, 'trigger' | 'prompt'>,
  ): { readonly change?: ChangeQuestion } {
    const described = this.#described.get(camera);
    const previous = trigger === 'change' && prompt !== null ? described?.texts.get(prompt) : undefined;
    if (!described || previous === undefined) return {};
    const { newest } = described;
    const ask = (words: string): string => promptIn(this.#language, words);
    const earlier = { picture: newest.picture, ask: ask(comparisonQuestion(previous)) };
    return {
      change: { previous, ask: ask(changeQuestion(previous)), ...(newest.prompt === prompt && { earlier }) },
    };
  }
}
