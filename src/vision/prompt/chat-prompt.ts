import { EngineError } from '../../domain/errors.ts';
import { withThinkingClosed } from '../../domain/without-thinking.ts';
import type { ChatFamily } from './chat-families.ts';

/** Placeholders for the picture and the question's words in a rendered prompt. */
const pictureMark = '<__media__>';
const wordsMark = '<__words__>';

/** Renders a Jinja chat template; the daemon uses llama.cpp's own engine. */
export type RenderTemplate = (
  messages: readonly { role: string; content: string }[],
  jinja: string,
) => string;

/** A rendered prompt: `before`, the picture, `lead`, `words`, `tail`. */
export interface Prompt {
  readonly before: string;
  /** The template's text from the picture to the question. */
  readonly lead: string;
  /** The question itself: untrusted text, in which no special tokens are parsed. */
  readonly words: string;
  /** The template's text after the question, up to where the model continues. */
  readonly tail: string;
}

/**
 * The text before and after the picture, for one question. The two are tokenised separately, as LLaVA does: the part
 * before the picture is the same for every question, so that one encoded picture serves them all. The template sees
 * placeholders for picture and words: a question cannot change what is rendered around it. If the template puts the
 * words before the picture, they are part of `before`.
 * @throws EngineError BAD_TEMPLATE if the template does not render picture and words exactly once each.
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
    if (tail !== undefined && outro === undefined)
      return { before, lead, words, tail: withThinkingClosed(tail) };
    // No model has a token that begins with a bracket and a space.
    if (tail === undefined && outro !== undefined)
      return {
        before: `${intro}${words.replace(/[<[]/g, '$& ')}${outro}`,
        lead: withThinkingClosed(lead),
        words: '',
        tail: '',
      };
  }
  throw new EngineError(
    'BAD_TEMPLATE',
    `model.chat_template: must render the user's message exactly once (it rendered "${text}")`,
  );
}
