import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../domain/errors.ts';
import { pieceTypes } from './sentencepiece-model.ts';
import { TokenTable } from './token-table.ts';
import type { BpeTokenizerJson, TokenizerFiles } from './tokenizer-files.ts';
import type { Vocabulary } from './vocabulary-type.ts';

/** llama.cpp's names of pre-tokenisers, by the expression that tokenizer.json splits with. */
const splitters: ReadonlyMap<string, string> = new Map([
  [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    'llama-bpe',
  ],
  [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    'qwen2',
  ],
]);
const splitSchema = z.object({
  type: z.literal('Split'),
  pattern: z.object({ Regex: z.string() }),
  behavior: z.literal('Isolated'),
  invert: z.literal(false).optional(),
});
const byteLevelSchema = z.object({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.literal(false),
  use_regex: z.boolean().default(true),
});
const sequenceSchema = z.object({
  type: z.literal('Sequence'),
  pretokenizers: z.tuple([splitSchema, byteLevelSchema]),
});

/**
 * The vocabulary of a byte-level BPE tokenizer.json (Llama 3), as `get_vocab_base` and SpecialVocab of llama.cpp's
 * conversion build it. Those detect the pre-tokeniser by a hash of a tokenised text; this does by its expression.
 * @throws ConfigError if no pre-tokeniser of llama.cpp is known to be equal
 */
export function bpeVocabulary(files: TokenizerFiles, json: BpeTokenizerJson, size: number): Vocabulary {
  const path = join(files.folder, 'tokenizer.json');
  const { vocab, merges } = json.model;
  if (merges.length === 0) throw new ConfigError(`${path}: model.merges is empty: not a BPE tokeniser`);
  const highest = Object.values(vocab).reduce((max, id) => Math.max(max, id), 0);
  if (highest >= size)
    throw new ConfigError(`${path}: token id ${highest}: the model has embeddings for ${size} tokens only`);
  const table = new TokenTable(size);
  for (const [token, id] of Object.entries(vocab)) table.set(id, token, 0, pieceTypes.normal);
  for (const { id, content, special } of json.added_tokens) table.add(id, content, special);
  const { tokens, types, ignored } = table;
  return {
    model: 'gpt2',
    pre: splitterOf(path, json.pre_tokenizer),
    tokens,
    types,
    ignored,
    scores: null,
    merges: merges.map((merge) => (typeof merge === 'string' ? merge : merge.map(withoutSpaces).join(' '))),
    addsSpacePrefix: files.config.add_prefix_space ?? null,
    unknownId: null,
  };
}

function splitterOf(path: string, preTokenizer: unknown): string {
  const byteLevel = byteLevelSchema.safeParse(preTokenizer);
  if (byteLevel.success && byteLevel.data.use_regex) return 'gpt-2';
  const sequence = sequenceSchema.safeParse(preTokenizer);
  const expression = sequence.success ? sequence.data.pretokenizers[0].pattern.Regex : undefined;
  const name = expression === undefined ? undefined : splitters.get(expression);
  if (name !== undefined) return name;
  throw new ConfigError(
    `${path}: pre_tokenizer ${JSON.stringify(preTokenizer ?? null).slice(0, 200)} is unknown; known are those of ` +
      `${[...splitters.values(), 'gpt-2'].join(', ')}: text would be split differently than in training`,
  );
}

/** A merge is written with one space between its parts, so a space in a part becomes GPT-2's letter for it. */
function withoutSpaces(part: string): string {
  return part.replaceAll(' ', '\u0120');
}
