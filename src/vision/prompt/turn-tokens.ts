import type { MtmdVocabulary } from '../native/mtmd-vocabulary.ts';
import type { Prompt } from './chat-prompt.ts';

/** A part of a rendered prompt. */
export interface PromptPart {
  readonly text: string;
  /** Untrusted, in which no special tokens are parsed; else the template's own text. */
  readonly isWords: boolean;
}

/** The tokens after the picture: the template's text around the question's words. */
export function turnTokens(vocabulary: MtmdVocabulary, { lead, words, tail }: Prompt): Int32Array {
  return partTokens(vocabulary, [
    { text: lead, isWords: false },
    { text: words, isWords: true },
    { text: tail, isWords: false },
  ]);
}

/**
 * The tokens of a prompt's parts. Special tokens are parsed in the template's text only, never in words: `<|im_end|>` in a
 * question is plain text to the model, not the end of its turn.
 */
export function partTokens(vocabulary: MtmdVocabulary, parts: readonly PromptPart[]): Int32Array {
  const read = (text: string): Int32Array => vocabulary.tokenize(text, { parseSpecial: true });
  // In one piece, as in training: between separate pieces SentencePiece adds spaces.
  const whole = read(parts.map(({ text }) => text).join(''));
  const templateMarks = parts.flatMap(({ text, isWords }) =>
    isWords ? [] : marksIn(vocabulary, read(text)),
  );
  if (marksIn(vocabulary, whole).join() === templateMarks.join()) return whole;
  // Without `parseSpecial` control tokens are ignored, but user-defined ones are still found, unless their brackets are
  // split off.
  const pieces = parts.flatMap(({ text, isWords }) =>
    isWords ? text.split(/(?<=[<[])/).map((piece) => vocabulary.tokenize(piece)) : [read(text)],
  );
  return Int32Array.from(pieces.flatMap((tokens) => [...tokens]));
}

/** The tokens that structure a conversation: control tokens, and others that look like them. */
function marksIn(vocabulary: MtmdVocabulary, tokens: Int32Array): number[] {
  return [...tokens].filter((token) => {
    if (vocabulary.tokenToPiece(token).length === 0) return true;
    const text = Buffer.from(vocabulary.tokenToPiece(token, { special: true })).toString('utf8');
    return /^\s*(<.+>|\[.+\])\s*$/s.test(text);
  });
}
