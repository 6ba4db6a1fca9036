import { pieceTypes } from './sentencepiece-model.ts';

const unusedScore = -10_000;
/** The score of tokens added to a finished vocabulary. */
export const addedScore = -1000;

/** Tokens by id: padded with unused ones, without those beyond the model's embeddings. */
export class TokenTable {
  readonly tokens: string[];
  readonly scores: number[];
  readonly types: number[];
  readonly ignored: string[] = [];

  constructor(size: number) {
    this.tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
    this.scores = new Array<number>(size).fill(unusedScore);
    this.types = new Array<number>(size).fill(pieceTypes.unused);
  }

  set(id: number, token: string, score: number, type: number): void {
    if (id >= this.tokens.length) {
      this.ignored.push(token);
      return;
    }
    this.tokens[id] = token;
    this.scores[id] = score;
    this.types[id] = type;
  }

  /** Sets a token added to a finished tokeniser. */
  add(id: number, token: string, special: boolean): void {
    if (special || looksSpecial(token)) this.set(id, token, addedScore, pieceTypes.control);
    else this.set(id, token.replaceAll('\u2581', ' '), addedScore, pieceTypes.userDefined);
  }
}

/** `does_token_look_special` of llama.cpp's conversion: some models do not mark their control tokens. */
function looksSpecial(token: string): boolean {
  return (
    ['<pad>', '<mask>', '<2mass>', '[@BOS@]'].includes(token) ||
    /^<\|.*\|>$/s.test(token) ||
    /^<\uff5c.*\uff5c>$/s.test(token) ||
    /^<unused.*>$/s.test(token)
  );
}
