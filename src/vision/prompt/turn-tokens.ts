import type { MtmdVocabulary } from '../native/mtmd-vocabulary.ts';
import type { Prompt } from './chat-prompt.ts';

/**
 * The tokens after the picture. Special tokens are parsed in the template's text only, never in the question's words:
 * `<|im_end|>` in a question is plain text to the model, not the end of its turn.
 */
export function turnTokens(vocabulary: MtmdVocabulary, { lead, words, tail }: Prompt): Int32Array {
  const read = (text: string): Int32Array => vocabulary.tokenize(text, { parseSpecial: true });
  const [leadTokens, tailTokens] = [read(lead), read(tail)];
  // In one piece, as in training: between separate pieces SentencePiece adds spaces.
  const whole = read(lead + words + tail);
  const templateMarks = [...marksIn(vocabulary, leadTokens), ...marksIn(vocabulary, tailTokens)];
  if (marksIn(vocabulary, whole).join() === templateMarks.join()) return whole;
  // Without `parseSpecial` control tokens are ignored, but user-defined ones are still found, unless their brackets are
  // split off.
  const pieces = words.split(/(?<=[<[])/).map((piece) => vocabulary.tokenize(piece));
  return Int32Array.from([leadTokens, ...pieces, tailTokens].flatMap((tokens) => [...tokens]));
}

/** The tokens that structure a conversation: control tokens, and others that look like them. */
function marksIn(vocabulary: MtmdVocabulary, tokens: Int32Array): number[] {
  return [...tokens].filter((token) => {
    if (vocabulary.tokenToPiece(token).length === 0) return true;
    const text = Buffer.from(vocabulary.tokenToPiece(token, { special: true })).toString('utf8');
    return /^\s*(<.+>|\[.+\])\s*$/s.test(text);
  });
}
