import { EngineError } from '../domain/errors.ts';
import type { ChatFamily } from './chat-families.ts';

/** Where the picture goes in a rendered prompt. */
const pictureMark = '<__media__>';

/** Renders a Jinja chat template; llama.cpp's own engine in the daemon. */
export type RenderTemplate = (
  messages: readonly { role: string; content: string }[],
  jinja: string,
) => string;

/**
 * The text before the picture and the text after it, for one question. The two are tokenised apart, as LLaVA does:
 * the part before the picture is the same for every question, so that one picture serves them all.
 * @throws EngineError BAD_TEMPLATE where the template does not place the picture exactly once.
 */
export function renderPrompt(
  render: RenderTemplate,
  { jinja, arrange }: ChatFamily,
  question: string,
): { before: string; after: string } {
  const words = question.replaceAll(pictureMark, '');
  const text = render([{ role: 'user', content: arrange(pictureMark, words) }], jinja);
  const [before, after, ...more] = text.split(pictureMark);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new EngineError(
      'BAD_TEMPLATE',
      `model.chat_template: the user's message must appear exactly once in what it renders; it rendered "${text}"`,
    );
  }
  return { before, after };
}
