import { EngineError } from '../../domain/errors.ts';
import type { ChatFamily } from './chat-families.ts';

/** Where the picture goes in a rendered prompt, and where the question's words. */
const pictureMark = '<__media__>';
const wordsMark = '<__words__>';

/** Renders a Jinja chat template; llama.cpp's own engine in the daemon. */
export type RenderTemplate = (
  messages: readonly { role: string; content: string }[],
  jinja: string,
) => string;

/** One question as the model is asked it: `before`, the picture, `lead`, `words`, `tail`. */
export interface Prompt {
  readonly before: string;
  /** The template's text from the picture to the question. */
  readonly lead: string;
  /** The question itself: text of others, in which nothing is to be read but words. */
  readonly words: string;
  /** The template's text after the question, up to where the model goes on. */
  readonly tail: string;
}

/**
 * The text before the picture and the text after it, for one question. The two are tokenised apart, as LLaVA does:
 * the part before the picture is the same for every question, so that one picture serves them all. The template sees marks in
 * place of picture and words: what a question says cannot change what is rendered around it. Where the template puts the words
 * before the picture, they are part of `before`.
 * @throws EngineError BAD_TEMPLATE where the template does not place picture and words exactly once each.
 */
export function renderPrompt(
  render: RenderTemplate,
  { jinja, arrange }: ChatFamily,
  question: string,
): Prompt {
  const text = render([{ role: 'user', content: arrange(pictureMark, wordsMark) }], jinja);
  const words = question.replaceAll(pictureMark, '');
  const [before, after, ...more] = text.split(pictureMark);
  const [lead, tail, ...others] = after?.split(wordsMark) ?? [];
  const [intro, outro, ...rest] = before?.split(wordsMark) ?? [];
  if (more.length + others.length + rest.length === 0 && before !== undefined && lead !== undefined) {
    if (tail !== undefined && outro === undefined) return { before, lead, words, tail };
    // No token of a model begins with a bracket and a space.
    if (tail === undefined && outro !== undefined)
      return { before: `${intro}${words.replace(/[<[]/g, '$& ')}${outro}`, lead, words: '', tail: '' };
  }
  throw new EngineError(
    'BAD_TEMPLATE',
    `model.chat_template: the user's message must appear exactly once in what it renders; it rendered "${text}"`,
  );
}
