import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../domain/errors.ts';
import { bpeVocabulary } from './bpe-vocabulary.ts';
import { readSentencePieceModel } from './sentencepiece-model.ts';
import { spmVocabulary, spmVocabularyOfJson } from './spm-vocabulary.ts';
import { bpeOf, type TokenizerFiles } from './tokenizer-files.ts';
import type { Vocabulary } from './vocabulary-type.ts';

/**
 * Reads the vocabulary of a checkpoint: from tokenizer.model if it exists, else from tokenizer.json.
 * @param size tokens that the model has embeddings for; the vocabulary is padded to it with unused ones
 * @throws ConfigError if there is none, or of a kind that llama.cpp would read wrongly
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
