import { join } from 'node:path';
import { z } from 'zod';
import { checkJson, readOptionalJson } from './json-file.ts';

const tokenName = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish();
const id = z.int().nonnegative();
const addedTokenSchema = z.object({ id, content: z.string(), special: z.boolean().default(false) });
const tokenizerJsonSchema = z.object({
  /** Checked only without a tokenizer.model: it has many forms. */
  model: z.unknown(),
  added_tokens: z.array(addedTokenSchema).default([]),
  pre_tokenizer: z.unknown().optional(),
  normalizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
});
const modelSchema = z.object({
  // Missing in old files.
  type: z.literal('BPE', 'only BPE, with or without byte_fallback, can be converted').default('BPE'),
  vocab: z.record(z.string(), id),
  merges: z.union([z.array(z.string()), z.array(z.tuple([z.string(), z.string()]))]).default([]),
  byte_fallback: z.boolean().default(false),
});
const namedTemplates = z.array(z.object({ name: z.string(), template: z.string() }));
const tokenizerConfigSchema = z.object({
  bos_token: tokenName,
  eos_token: tokenName,
  unk_token: tokenName,
  sep_token: tokenName,
  pad_token: tokenName,
  cls_token: tokenName,
  mask_token: tokenName,
  add_bos_token: z.boolean().nullish(),
  add_eos_token: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  added_tokens_decoder: z
    .record(
      z.string().regex(/^\d+$/, 'must be an id'),
      z.object({ content: z.string(), special: z.boolean().default(false) }),
    )
    .default({}),
  chat_template: z.union([z.string(), namedTemplates]).nullish(),
});
const addedTokensSchema = z.record(z.string(), id);

type TokenizerJson = z.infer<typeof tokenizerJsonSchema>;
/** A tokenizer.json of the BPE kind. */
export type BpeTokenizerJson = TokenizerJson & { readonly model: z.infer<typeof modelSchema> };
export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;

/** The JSON files that define a checkpoint's tokens, without SentencePiece's own file. */
export interface TokenizerFiles {
  readonly folder: string;
  /** tokenizer.json */
  readonly fast: TokenizerJson | null;
  /** tokenizer_config.json; empty if there is none. */
  readonly config: TokenizerConfig;
  /** added_tokens.json: text -> id. */
  readonly added: Readonly<Record<string, number>>;
}

/** Reads the files that exist. @throws ConfigError with the file and the invalid field */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const [fast, config, added] = await Promise.all([
    readOptionalJson(join(folder, 'tokenizer.json'), tokenizerJsonSchema),
    readOptionalJson(join(folder, 'tokenizer_config.json'), tokenizerConfigSchema),
    readOptionalJson(join(folder, 'added_tokens.json'), addedTokensSchema),
  ]);
  return { folder, fast, config: config ?? { added_tokens_decoder: {} }, added: added ?? {} };
}

/** tokenizer.json with its model checked. @throws ConfigError with the invalid field */
export function bpeOf(path: string, json: TokenizerJson): BpeTokenizerJson {
  return { ...json, model: checkJson(`${path}: model`, json.model, modelSchema) };
}
