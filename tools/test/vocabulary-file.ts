import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type GgufValue, i32, text, u32, writeGguf } from './gguf-writer.ts';
import { readGguf } from './read-gguf.ts';

/** Vocabularies of published models, as llama.cpp carries them for its own tests. */
export type PublishedVocabulary = 'llama-spm' | 'llama-bpe' | 'phi-3' | 'qwen2' | 'gpt-2' | 'mpt';

export const llamaSource = join(import.meta.dirname, '../../build/llama.cpp/models');

export interface VocabularyShape {
  readonly published: PublishedVocabulary;
  readonly architecture: string;
  readonly name?: string;
  readonly chatTemplate?: string;
  readonly heads?: number;
  readonly keyValueHeads?: number;
  /** Special tokens instead of the published ones, by id. */
  readonly special?: Readonly<Record<number, string>>;
  /** Unused tokens are added up to this number. */
  readonly size?: number;
  readonly endToken?: number;
}

const typeNames: Readonly<Record<number, GgufValue['type']>> = {
  4: 'u32',
  5: 'i32',
  6: 'f32',
  7: 'bool',
  8: 'string',
};

/** The keys of a published vocabulary, without its chat template. */
export function readVocabulary(name: PublishedVocabulary): Map<string, GgufValue> {
  const source = join(llamaSource, `ggml-vocab-${name}.gguf`);
  if (!existsSync(source)) throw new Error(`${source} is missing: scripts/build-native.sh unpacks it`);
  const published = new Map<string, GgufValue>();
  for (const [key, { type, value }] of readGguf(source).metadata) {
    const typeName = typeNames[type.at(-1)!];
    if (typeName !== undefined && key.startsWith('tokenizer.') && key !== 'tokenizer.chat_template') {
      published.set(key, { type: typeName, value: value as GgufValue['value'] });
    }
  }
  return published;
}

/** Writes a GGUF file without tensors: a published vocabulary under another model's metadata. */
export function writeVocabulary(path: string, shape: VocabularyShape): string {
  const published = readVocabulary(shape.published);
  const { architecture, heads = 32, keyValueHeads = heads, size = 0, special = {} } = shape;
  const tokens = [...(published.get('tokenizer.ggml.tokens')!.value as string[])];
  const types = [...(published.get('tokenizer.ggml.token_type')!.value as number[])];
  const scores = published.get('tokenizer.ggml.scores');
  while (tokens.length < size) {
    tokens.push(`<unused${tokens.length}>`);
    types.push(5);
  }
  for (const [id, piece] of Object.entries(special)) {
    tokens[Number(id)] = piece;
    types[Number(id)] = 3;
  }
  const metadata: Record<string, GgufValue> = {
    'general.architecture': text(architecture),
    ...(shape.name === undefined ? {} : { 'general.name': text(shape.name) }),
    [`${architecture}.context_length`]: u32(4096),
    [`${architecture}.embedding_length`]: u32(4096),
    [`${architecture}.attention.head_count`]: u32(heads),
    [`${architecture}.attention.head_count_kv`]: u32(keyValueHeads),
    ...Object.fromEntries(published),
    'tokenizer.ggml.tokens': text(tokens),
    'tokenizer.ggml.token_type': i32(types),
    ...(shape.endToken === undefined ? {} : { 'tokenizer.ggml.eos_token_id': u32(shape.endToken) }),
    ...(shape.chatTemplate === undefined ? {} : { 'tokenizer.chat_template': text(shape.chatTemplate) }),
  };
  if (scores) {
    const padded = [...(scores.value as number[])];
    while (padded.length < tokens.length) padded.push(-1e6);
    metadata['tokenizer.ggml.scores'] = { type: 'f32', value: padded };
  }
  writeGguf(path, { metadata, tensors: {} });
  return path;
}
