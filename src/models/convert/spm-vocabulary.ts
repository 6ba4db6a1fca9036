import { join } from 'node:path';
import { ConfigError } from '../../domain/errors.ts';
import { pieceTypes, type SentencePieceModel } from './sentencepiece-model.ts';
import { addedScore, TokenTable } from './token-table.ts';
import type { BpeTokenizerJson, TokenizerFiles } from './tokenizer-files.ts';
import type { Vocabulary } from './vocabulary-type.ts';

/**
 * The vocabulary of a SentencePiece model with the tokens added to it, as `_create_vocab_sentencepiece` of llama.cpp's
 * conversion/base.py builds it.
 */
export function spmVocabulary(files: TokenizerFiles, model: SentencePieceModel, size: number): Vocabulary {
  const table = new TokenTable(size);
  const { normal, unknown, control, unused, byte } = pieceTypes;
  for (const [id, { text, score, type }] of model.pieces.entries())
    table.set(id, text, score, [unknown, control, unused, byte].includes(type as never) ? type : normal);
  for (const [token, id] of Object.entries(files.added))
    table.set(id, token, addedScore, pieceTypes.userDefined);
  for (const [id, { content, special }] of Object.entries(files.config.added_tokens_decoder))
    table.add(Number(id), content, special);
  return {
    model: 'llama',
    pre: 'default',
    ...table,
    merges: null,
    addsSpacePrefix: files.config.add_prefix_space ?? model.addsSpacePrefix,
    unknownId: model.unknownId < size ? model.unknownId : null,
  };
}

/**
 * The same for a tokenizer.json made from a SentencePiece model whose file is missing. It has merges and no scores; a
 * token's score is the rank of the first merge that makes it, which keeps the merges in order.
 */
export function spmVocabularyOfJson(files: TokenizerFiles, json: BpeTokenizerJson, size: number): Vocabulary {
  const path = join(files.folder, 'tokenizer.json');
  const table = new TokenTable(size);
  const ranks = new Map<string, number>();
  for (const [rank, merge] of json.model.merges.entries()) {
    const made = typeof merge === 'string' ? merge.replace(' ', '') : merge.join('');
    if (!ranks.has(made)) ranks.set(made, rank);
  }
  for (const [token, id] of Object.entries(json.model.vocab)) {
    const isByte = /^<0x[0-9A-Fa-f]{2}>$/.test(token);
    const rank = ranks.get(token) ?? ranks.size;
    table.set(id, token, isByte ? 0 : -rank, isByte ? pieceTypes.byte : pieceTypes.normal);
  }
  for (const { id, content, special } of json.added_tokens) table.add(id, content, special);
  const unknownId = json.model.vocab['<unk>'] ?? null;
  if (unknownId === null)
    throw new ConfigError(`${path}: model.vocab has no <unk>, which every SentencePiece model has`);
  table.set(unknownId, '<unk>', 0, pieceTypes.unknown);
  return {
    model: 'llama',
    pre: 'default',
    ...table,
    merges: null,
    addsSpacePrefix: files.config.add_prefix_space ?? prependsSpace(json),
    unknownId,
  };
}

/** Whether a tokenizer.json adds a space before a text: a Prepend normaliser, or a Metaspace pre-tokeniser's default. */
function prependsSpace({ normalizer, pre_tokenizer }: BpeTokenizerJson): boolean {
  const source = JSON.stringify([normalizer ?? null, pre_tokenizer ?? null]);
  if (source.includes('"Metaspace"'))
    return !source.includes('"prepend_scheme":"never"') && !source.includes('"add_prefix_space":false');
  return source.includes('"Prepend"');
}
