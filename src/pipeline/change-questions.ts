import { changeQuestion } from '../domain/change-question.ts';
import { promptIn } from '../domain/language.ts';
import type { Observation } from '../domain/observation.ts';
import type { ChangeQuestion } from './ports.ts';

/** The questions of what has changed, each with the last description of the camera to the same prompt. */
export class ChangeQuestions {
  readonly #language: string;
  readonly #cameras: ReadonlySet<string>;
  /** By camera and prompt. */
  readonly #lastTexts = new Map<string, string>();

  /** @param cameras those of which it is asked */
  constructor(language: string, cameras: ReadonlySet<string>) {
    this.#language = language;
    this.#cameras = cameras;
  }

  described({ frame: { camera }, prompt, description: { text } }: Observation): void {
    if (text !== null && this.#cameras.has(camera)) this.#lastTexts.set(`${camera} ${prompt}`, text);
  }

  /** The question about a frame, as a field of its request; none if there is nothing to ask. */
  of(
    camera: string,
    { trigger, prompt }: Pick<Observation, 'trigger' | 'prompt'>,
  ): { readonly change?: ChangeQuestion } {
    const previous = trigger === 'change' ? this.#lastTexts.get(`${camera} ${prompt}`) : undefined;
    if (previous === undefined) return {};
    return { change: { previous, ask: promptIn(this.#language, changeQuestion(previous)) } };
  }
}
