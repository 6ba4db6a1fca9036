import { isThinkingMark } from '../../domain/without-thinking.ts';
import type { MtmdVocabulary } from '../native/mtmd-vocabulary.ts';

/** The bytes of a generated token; of control tokens only those that mark thinking, for `withoutThinking` to find. */
export function shownPiece(vocabulary: Pick<MtmdVocabulary, 'tokenToPiece'>, token: number): Uint8Array {
  const piece = vocabulary.tokenToPiece(token);
  if (piece.length > 0) return piece;
  const special = vocabulary.tokenToPiece(token, { special: true });
  return isThinkingMark(Buffer.from(special).toString('utf8')) ? special : piece;
}
