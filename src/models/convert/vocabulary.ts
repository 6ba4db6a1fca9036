import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../domain/errors.ts';
import { bpeVocabulary } from './bpe-vocabulary.ts';
import { readSentencePieceModel } from './sentencepiece-model.ts';
import { spmVocabulary, spmVocabularyOfJson } from './spm-vocabulary.ts';
import { bpeOf, type TokenizerFiles } from './tokenizer-files.ts';

/** What llama.cpp's tokenisers need; as long as the model's embedding matrix is high. */
export interface Vocabulary {
  /** tokenizer.ggml.model: SentencePiece's BPE with scores, or byte-level BPE with merges. */
  readonly model: 'llama' | 'gpt2';
  /** tokenizer.ggml.pre: how a text is split before the merges. */
  readonly pre: string;
  readonly tokens: readonly string[];
  /** GGUF's token types. */
  readonly types: readonly number[];
  readonly scores: readonly number[] | null;
  readonly merges: readonly string[] | null;
  /** Null where llama.cpp's own default is right. */
  readonly addsSpacePrefix: boolean | null;
  /** Where the tokeniser's file itself says it. */
  readonly unknownId: number | null;
  /** Added tokens that the model has no embedding for. */
  readonly ignored: readonly string[];
}

/**
 * Reads the vocabulary of a checkpoint: tokenizer.model where there is one, else tokenizer.json.
 * @param size tokens the model has embeddings for; the vocabulary is filled up to it with unused ones
 * @throws ConfigError if there is none, or if it is of a kind that llama.cpp would read wrongly
 */
export async function readVocabulary(files: TokenizerFiles, size: number): Promise<Vocabulary> {
  const path = join(files.folder, 'tokenizer.model');
  const bytes = existsSync(path) ? await readFile(path) : null;
  if (bytes) return spmVocabulary(files, readSentencePieceModel(path, bytes), size);
  if (files.fast === null)
    throw new ConfigError(
      `${files.folder}: holds neither tokenizer.model nor tokenizer.json; download the checkpoint again`,
    );
  const json = bpeOf(join(files.folder, 'tokenizer.json'), files.fast);
  return json.model.byte_fallback ? spmVocabularyOfJson(files, json, size) : bpeVocabulary(files, json, size);
}
