import { z } from 'zod';
import { ConfigError } from '../../domain/errors.ts';
import { checkJson } from './json-file.ts';
import type { ConfigTokenIds } from './special-tokens.ts';

/** RoPE scaling for positions beyond the trained context. */
export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly trainedContext: number;
    };

/** The language model from config.json, with its type's defaults. */
export interface TextConfig {
  readonly width: number;
  readonly feedForward: number;
  readonly blocks: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  /** config.json has the width of a head, so the GGUF gets it too. */
  readonly hasHeadWidth: boolean;
  readonly contextLength: number;
  /** Null if config.json does not say. */
  readonly vocabularySize: number | null;
  readonly normEpsilon: number;
  readonly ropeBase: number;
  readonly ropeScaling: RopeScaling;
  readonly slidingWindow: number | null;
  readonly tiedOutput: boolean;
  readonly tokenIds: ConfigTokenIds;
}

const side = z
  .int()
  .min(1)
  .max(1 << 20);
const factor = z.number().positive();
const ropeSchema = z.object({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: factor.optional(),
  factor: factor.optional(),
  low_freq_factor: factor.default(1),
  high_freq_factor: factor.default(4),
  original_max_position_embeddings: side.default(8192),
});
const tokenId = z.number().nullish().catch(null);
const tokenIdsSchema = z.object({
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  unk_token_id: tokenId,
  sep_token_id: tokenId,
  pad_token_id: tokenId,
});
const shapeSchema = z.object({
  hidden_act: z.literal('silu', 'only silu can be converted').default('silu'),
  num_key_value_heads: side.nullish(),
  head_dim: side.nullish(),
  vocab_size: side.nullish(),
  rope_theta: factor.default(10_000),
  rope_scaling: ropeSchema.nullish(),
  // Newer configs have rope_theta in here as well.
  rope_parameters: ropeSchema.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  sliding_window: side.nullish(),
});
const blocks = z.int().min(1).max(1024);
const epsilon = z.number().positive().default(1e-6);
/** transformers omits values from a -hf checkpoint's config.json that equal the type's defaults. */
const schemas = {
  llama: shapeSchema.extend({
    hidden_size: side.default(4096),
    intermediate_size: side.default(11_008),
    num_hidden_layers: blocks.default(32),
    num_attention_heads: side.default(32),
    max_position_embeddings: side.default(2048),
    rms_norm_eps: epsilon,
  }),
  mistral: shapeSchema.extend({
    hidden_size: side.default(4096),
    intermediate_size: side.default(14_336),
    num_hidden_layers: blocks.default(32),
    num_attention_heads: side.default(32),
    num_key_value_heads: side.nullish().default(8),
    max_position_embeddings: side.default(131_072),
    rms_norm_eps: epsilon,
  }),
};
export type TextModelType = keyof typeof schemas;

/**
 * @param path config.json, for messages
 * @param value the language model's config: all of config.json, or its text_config
 * @param outer all of config.json, whose token ids take precedence
 * @throws ConfigError with the invalid field
 */
export function readTextConfig(
  path: string,
  type: TextModelType,
  value: unknown,
  outer: unknown,
): TextConfig {
  const config = checkJson<z.infer<(typeof schemas)[TextModelType]>>(path, value, schemas[type]);
  const { hidden_size: width, num_attention_heads: heads } = config;
  const keyValueHeads = config.num_key_value_heads ?? heads;
  const headWidth = config.head_dim ?? width / heads;
  const refuse = (field: string, found: number, reason: string): never => {
    throw new ConfigError(`${path}: ${field} is ${found}: ${reason}`);
  };
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0)
    refuse('num_attention_heads', heads, `must divide hidden_size ${width} into heads of an even width`);
  if (heads % keyValueHeads !== 0)
    refuse('num_key_value_heads', keyValueHeads, `must divide num_attention_heads ${heads}`);
  const rope = config.rope_parameters ?? config.rope_scaling;
  return {
    width,
    feedForward: config.intermediate_size,
    blocks: config.num_hidden_layers,
    heads,
    keyValueHeads,
    headWidth,
    hasHeadWidth: config.head_dim != null,
    contextLength: config.max_position_embeddings,
    vocabularySize: config.vocab_size ?? null,
    normEpsilon: config.rms_norm_eps,
    ropeBase: rope?.rope_theta ?? config.rope_theta,
    ropeScaling: rope ? ropeScalingOf(path, rope) : { kind: 'none' },
    slidingWindow: config.sliding_window ?? null,
    tiedOutput: config.tie_word_embeddings,
    tokenIds: { ...withoutNulls(tokenIdsSchema.parse(value)), ...withoutNulls(tokenIdsSchema.parse(outer)) },
  };
}

function ropeScalingOf(path: string, rope: z.infer<typeof ropeSchema>): RopeScaling {
  const kind = rope.rope_type ?? rope.type ?? 'default';
  if (kind === 'default') return { kind: 'none' };
  if (kind === 'linear' && rope.factor !== undefined) return { kind, factor: rope.factor };
  if (kind === 'llama3')
    return {
      kind,
      factor: rope.factor ?? 8,
      lowFrequencyFactor: rope.low_freq_factor,
      highFrequencyFactor: rope.high_freq_factor,
      trainedContext: rope.original_max_position_embeddings,
    };
  throw new ConfigError(
    `${path}: rope_scaling is ${JSON.stringify(rope)}: only linear (with a factor) and llama3 can be converted`,
  );
}

function withoutNulls(ids: ConfigTokenIds): ConfigTokenIds {
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => id != null));
}
