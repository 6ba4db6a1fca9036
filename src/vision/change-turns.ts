import { maxChangeTokens } from '../domain/change-question.ts';
import { codeOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { AnswerType } from '../domain/observation.ts';
import type { DescribeRequest } from '../pipeline/ports.ts';
import type { MtmdVocabulary } from './native/mtmd-vocabulary.ts';
import type { ChatFamily } from './prompt/chat-families.ts';
import type { Prompt, RenderTemplate } from './prompt/chat-prompt.ts';
import { renderConversation } from './prompt/conversation.ts';
import { partTokens } from './prompt/turn-tokens.ts';

export const changeName = Symbol('change');

/** The description (`name` null), a question or what has changed, as tokens. */
export interface AskedTurn {
  readonly name: string | null | typeof changeName;
  readonly ask: string;
  readonly type: AnswerType | null;
  readonly prompt: Pick<Prompt, 'before'>;
  /** What comes between the picture and `tokens`: more of the conversation, and the earlier picture. Default: nothing. */
  readonly earlier?: { readonly lead: Int32Array; readonly picture: Picture };
  /** What follows the last picture. */
  readonly tokens: Int32Array;
  readonly maxTokens: number;
  readonly draft: Int32Array | undefined;
}

export interface ChangeTurnParts {
  readonly vocabulary: MtmdVocabulary;
  readonly render: RenderTemplate;
  readonly template: ChatFamily;
  readonly takesSeveralPictures: boolean;
}

/**
 * The ways to ask what has changed, best first: with the earlier picture, then without it. Each continues the conversation in
 * which the picture was just described as `text`, so that the model has both descriptions. Empty: there is nothing to ask, or the
 * chat template has no place for a second question.
 */
export function changeTurnsOf(
  { picture, prompt, change }: DescribeRequest,
  text: string,
  { vocabulary, render, template, takesSeveralPictures }: ChangeTurnParts,
): AskedTurn[] {
  if (!change || prompt === null || text === change.previous) return [];
  const turnsOf = (ask: string, earlierPicture?: Picture): AskedTurn[] => {
    const question = { role: 'user', text: ask, ...(earlierPicture && { picture: earlierPicture }) } as const;
    try {
      const { before, after } = renderConversation(render, template, [
        { role: 'user', text: prompt, picture },
        { role: 'assistant', text },
        question,
      ]);
      const runs = after.map((parts) => partTokens(vocabulary, parts));
      const tokens = runs.pop()!;
      return [
        {
          name: changeName,
          ask,
          type: null,
          prompt: { before },
          ...(earlierPicture && { earlier: { lead: runs[0]!, picture: earlierPicture } }),
          tokens,
          maxTokens: maxChangeTokens,
          draft: undefined,
        },
      ];
    } catch (error) {
      if (codeOf(error) === 'BAD_TEMPLATE') return [];
      throw error;
    }
  };
  const { earlier } = change;
  return [
    ...(earlier && takesSeveralPictures ? turnsOf(earlier.ask, earlier.picture) : []),
    ...turnsOf(change.ask),
  ];
}
