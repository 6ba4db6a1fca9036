import { ConfigError } from '../../domain/errors.ts';
import {
  type FloatType,
  f32,
  type GgufContent,
  type GgufTensor,
  type GgufValue,
  i32,
  text,
  u32,
} from './gguf-writer.ts';
import { specialTokens } from './special-tokens.ts';
import { computedTensor, convertedTensor, type TensorOptions } from './tensor-conversion.ts';
import type { TensorStore } from './tensor-store.ts';
import type { RopeScaling, TextConfig } from './text-config.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';
import type { Vocabulary } from './vocabulary-type.ts';

/** llama.cpp's numbers of file types. */
export const fileTypes = { F32: 0, F16: 1, BF16: 32 } as const;
export const quantizationVersion = 2;

/**
 * The language model's tensors, named as llama.cpp's convert_hf_to_gguf.py names them. Norms and biases are F32.
 * @param type of the matrices
 * @throws ConfigError if one is missing or its shape differs from the config
 */
export function textTensors(store: TensorStore, config: TextConfig, type: FloatType): GgufTensor[] {
  const { width, feedForward, heads, keyValueHeads, headWidth } = config;
  const prefix = textPrefix(store);
  const embeddings = `${prefix}embed_tokens.weight`;
  const rows = store.rowsOf(embeddings) ?? 0;
  if (config.vocabularySize !== null && config.vocabularySize !== rows)
    throw new ConfigError(
      `${store.folder}: config.json: vocab_size is ${config.vocabularySize}, but ${embeddings} has ${rows} rows`,
    );
  const tensors: GgufTensor[] = [];
  const matrix = (name: string, source: string, shape: readonly number[], options?: TensorOptions): void => {
    tensors.push(convertedTensor(name, store.take(source, shape), type, options));
  };
  const vector = (name: string, source: string, size: number, options?: TensorOptions): void => {
    tensors.push(convertedTensor(name, store.take(source, [size]), 'F32', options));
  };
  const factors = ropeFactors(config);
  if (factors) tensors.push(computedTensor('rope_freqs.weight', factors));
  matrix('token_embd.weight', embeddings, [rows, width]);
  for (let block = 0; block < config.blocks; block++) {
    const linear = (
      to: string,
      from: string,
      outputs: number,
      inputs: number,
      options?: TensorOptions,
    ): void => {
      const source = `${prefix}layers.${block}.${from}`;
      matrix(`blk.${block}.${to}.weight`, `${source}.weight`, [outputs, inputs], options);
      if (store.has(`${source}.bias`)) vector(`blk.${block}.${to}.bias`, `${source}.bias`, outputs, options);
    };
    const queries = heads * headWidth;
    const keys = keyValueHeads * headWidth;
    linear('attn_q', 'self_attn.q_proj', queries, width, { interleavedHeads: heads });
    linear('attn_k', 'self_attn.k_proj', keys, width, { interleavedHeads: keyValueHeads });
    linear('attn_v', 'self_attn.v_proj', keys, width);
    linear('attn_output', 'self_attn.o_proj', width, queries);
    linear('ffn_gate', 'mlp.gate_proj', feedForward, width);
    linear('ffn_up', 'mlp.up_proj', feedForward, width);
    linear('ffn_down', 'mlp.down_proj', width, feedForward);
    vector(`blk.${block}.attn_norm.weight`, `${prefix}layers.${block}.input_layernorm.weight`, width);
    vector(`blk.${block}.ffn_norm.weight`, `${prefix}layers.${block}.post_attention_layernorm.weight`, width);
  }
  vector('output_norm.weight', `${prefix}norm.weight`, width);
  const output = store.prefixOf('lm_head.weight');
  // Without it llama.cpp reuses the embeddings.
  if (output !== null) matrix('output.weight', `${output}lm_head.weight`, [rows, width]);
  else if (!config.tiedOutput) store.take('lm_head.weight', [rows, width]);
  return tensors;
}

/** The prefix of `layers.0` in the names: `model.`, `language_model.model.`, `model.language_model.`. */
function textPrefix(store: TensorStore): string {
  const prefix = store.prefixOf('embed_tokens.weight');
  if (prefix !== null) return prefix;
  throw new ConfigError(
    `${store.folder}: tensor embed_tokens.weight is missing: the folder holds no language model`,
  );
}

export interface TextDescription {
  /** general.name */
  readonly name: string;
  readonly license: string | null;
  readonly type: FloatType;
  readonly tokenizer: TokenizerFiles;
  readonly vocabulary: Vocabulary;
  readonly chatTemplate: GgufContent['metadata'];
}

/** The language model's metadata, with the keys of llama.cpp's convert_hf_to_gguf.py (architecture "llama"). */
export function textMetadata(
  config: TextConfig,
  tensors: readonly GgufTensor[],
  { name, license, type, tokenizer, vocabulary, chatTemplate }: TextDescription,
): GgufContent['metadata'] {
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return {
    'general.architecture': text('llama'),
    'general.type': text('model'),
    'general.name': text(name),
    'general.size_label': text(sizeLabel(parameters)),
    ...(license === null ? {} : { 'general.license': text(license) }),
    'llama.block_count': u32(config.blocks),
    'llama.context_length': u32(config.contextLength),
    'llama.embedding_length': u32(config.width),
    'llama.feed_forward_length': u32(config.feedForward),
    'llama.attention.head_count': u32(config.heads),
    'llama.attention.head_count_kv': u32(config.keyValueHeads),
    ...ropeScalingMetadata(config.ropeScaling),
    'llama.rope.freq_base': f32(config.ropeBase),
    'llama.attention.layer_norm_rms_epsilon': f32(config.normEpsilon),
    ...(config.hasHeadWidth
      ? {
          'llama.attention.key_length': u32(config.headWidth),
          'llama.attention.value_length': u32(config.headWidth),
        }
      : {}),
    'general.file_type': u32(fileTypes[type]),
    'llama.vocab_size': u32(vocabulary.tokens.length),
    'llama.rope.dimension_count': u32(config.headWidth),
    'tokenizer.ggml.model': text(vocabulary.model),
    'tokenizer.ggml.pre': text(vocabulary.pre),
    'tokenizer.ggml.tokens': text(vocabulary.tokens),
    ...(vocabulary.scores ? { 'tokenizer.ggml.scores': f32(vocabulary.scores) } : {}),
    'tokenizer.ggml.token_type': i32(vocabulary.types),
    ...(vocabulary.merges ? { 'tokenizer.ggml.merges': text(vocabulary.merges) } : {}),
    ...specialTokens(tokenizer, vocabulary, config.tokenIds),
    ...chatTemplate,
    'general.quantization_version': u32(quantizationVersion),
  };
}

function ropeScalingMetadata(scaling: RopeScaling): Record<string, GgufValue> {
  if (scaling.kind !== 'linear') return {};
  return { 'llama.rope.scaling.type': text('linear'), 'llama.rope.scaling.factor': f32(scaling.factor) };
}

/**
 * Llama 3.1's scaling of the low frequencies, headWidth / 2 factors, in single precision as `generate_extra_tensors`
 * of llama.cpp's conversion/llama.py computes them; null if the frequencies are not scaled.
 */
export function ropeFactors({ ropeScaling: scaling, ropeBase, headWidth }: TextConfig): Float32Array | null {
  if (scaling.kind !== 'llama3') return null;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, trainedContext } = scaling;
  return Float32Array.from({ length: headWidth / 2 }, (_, index) => {
    const frequency = Math.fround(1 / Math.fround(ropeBase ** Math.fround((2 * index) / headWidth)));
    const wavelength = Math.fround((2 * Math.PI) / frequency);
    if (wavelength < trainedContext / high) return 1;
    if (wavelength > trainedContext / low) return factor;
    const smooth = (trainedContext / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/** "6.7B", as gguf-py's `size_label` rounds it. */
function sizeLabel(parameters: number): string {
  const [scale, suffix] =
    parameters > 1e9 ? [1e-9, 'B'] : parameters > 1e6 ? [1e-6, 'M'] : ([1e-3, 'K'] as const);
  const scaled = parameters * scale;
  const whole = String(Math.round(scaled)).replace(/^0+/, '');
  return `${scaled.toFixed(Math.max(2 - whole.length, 0))}${suffix}`;
}
