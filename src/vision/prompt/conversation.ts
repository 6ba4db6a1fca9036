import { EngineError } from '../../domain/errors.ts';
import { withThinkingClosed } from '../../domain/without-thinking.ts';
import type { ChatFamily } from './chat-families.ts';
import type { RenderTemplate } from './chat-prompt.ts';
import type { PromptPart } from './turn-tokens.ts';

interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
  readonly picture?: object;
}

/** A rendered conversation, up to where the model continues. */
export interface ConversationPrompt {
  /** What stands before the first picture; special tokens in it are parsed. Empty without a picture. */
  readonly before: string;
  /** What follows each picture; without one, the whole conversation. */
  readonly after: readonly (readonly PromptPart[])[];
}

const pictureMark = '<__media__>';
const wordsMark = (index: number): string => `<__words_${index}__>`;
const anyMark = /(<__(?:media|words_\d+)__>)/;

/**
 * A conversation in the model's own format. The template sees placeholders, so that no message can change what is rendered
 * around it. A system message goes in front of the first message of the user if the template has no place for it.
 * @throws EngineError BAD_TEMPLATE if the template refuses the conversation, or leaves out or repeats a message
 */
export function renderConversation(
  render: RenderTemplate,
  family: ChatFamily,
  messages: readonly Message[],
): ConversationPrompt {
  try {
    return partsOf(render, family, messages);
  } catch (error) {
    const merged = withoutSystem(messages);
    if (!merged || !(error instanceof Error)) throw error;
    return partsOf(render, family, merged);
  }
}

function partsOf(
  render: RenderTemplate,
  { jinja, arrange }: ChatFamily,
  messages: readonly Message[],
): ConversationPrompt {
  const marked = messages.map(({ role, picture }, index) => ({
    role,
    content: picture ? arrange(pictureMark, wordsMark(index)) : wordsMark(index),
  }));
  const pieces = withThinkingClosed(render(marked, jinja)).split(anyMark);
  const found = pieces.filter((piece) => anyMark.test(piece));
  const expected = marked.flatMap(({ content }) => content.match(new RegExp(anyMark, 'g')) ?? []);
  if (found.join() !== expected.join())
    throw new EngineError(
      'BAD_TEMPLATE',
      "the model's chat template does not render each message of this conversation exactly once and in order",
    );
  const parts = pieces.map((piece): PromptPart | null => {
    if (piece === pictureMark) return null;
    const index = /^<__words_(\d+)__>$/.exec(piece)?.[1];
    if (index === undefined) return { text: piece, isWords: false };
    return { text: messages[Number(index)]!.text.replaceAll(pictureMark, ''), isWords: true };
  });
  const runs: PromptPart[][] = [[]];
  for (const part of parts) {
    if (part) runs.at(-1)!.push(part);
    else runs.push([]);
  }
  const before = runs.length > 1 ? runs.shift()! : [];
  return {
    // No model has a token that begins with a bracket and a space.
    before: before.map(({ text, isWords }) => (isWords ? text.replace(/[<[]/g, '$& ') : text)).join(''),
    after: runs,
  };
}

/** The system's message as the begin of the user's first one; null: there is no such message. */
function withoutSystem([first, second, ...others]: readonly Message[]): Message[] | null {
  if (first?.role !== 'system' || second?.role !== 'user') return null;
  return [{ ...second, text: `${first.text}\n\n${second.text}` }, ...others];
}
