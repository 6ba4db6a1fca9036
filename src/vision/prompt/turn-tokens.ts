import type { MtmdVocabulary } from '../native/mtmd-vocabulary.ts';
import type { Prompt } from './chat-prompt.ts';

/**
 * The tokens of what follows the picture. Special tokens are read where the template has them, and nowhere in the words of
 * the question: `<|im_end|>` in a question is six words to the model, not the end of it.
 */
export function turnTokens(vocabulary: MtmdVocabulary, { lead, words, tail }: Prompt): Int32Array {
  const read = (text: string): Int32Array => vocabulary.tokenize(text, { parseSpecial: true });
  const [leadTokens, tailTokens] = [read(lead), read(tail)];
  // In one piece, as the models were trained: cut apart, SentencePiece puts spaces of its own between.
  const whole = read(lead + words + tail);
  const templates = [...marksIn(vocabulary, leadTokens), ...marksIn(vocabulary, tailTokens)];
  if (marksIn(vocabulary, whole).join() === templates.join()) return whole;
  // Without `parseSpecial` only control tokens are left alone; what a file calls user-defined is found all the same,
  // unless its brackets are kept apart.
  const pieces = words.split(/(?<=[<[])/).map((piece) => vocabulary.tokenize(piece));
  return Int32Array.from([leadTokens, ...pieces, tailTokens].flatMap((tokens) => [...tokens]));
}

/** Those tokens that structure a conversation: control tokens, and others that look like them. */
function marksIn(vocabulary: MtmdVocabulary, tokens: Int32Array): number[] {
  return [...tokens].filter((token) => {
    if (vocabulary.tokenToPiece(token).length === 0) return true;
    const text = Buffer.from(vocabulary.tokenToPiece(token, { special: true })).toString('utf8');
    return /^\s*(<.+>|\[.+\])\s*$/s.test(text);
  });
}
