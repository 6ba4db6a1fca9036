import { join } from 'node:path';
import {
  bool,
  f32,
  fromHalf,
  type GgufTensor,
  type GgufValue,
  i32,
  text,
  toHalf,
  u32,
  writeGguf,
} from './gguf-writer.ts';

// Small LLaVA-1.6 models with random weights: they say nothing sensible, but run through the whole engine.

export interface LlavaShape {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly gridPinpoints: readonly (readonly [number, number])[];
  readonly vision: TowerShape;
  readonly text: TowerShape;
  readonly contextLength: number;
}

interface TowerShape {
  readonly width: number;
  readonly heads: number;
  /** Not equal to `width`: libmtmd tells old files with swapped matrices by it. */
  readonly feedForward: number;
  readonly blocks: number;
}

/** Four patches to a square: for tests that look at single values. */
export const tinyShape: LlavaShape = {
  imageSize: 28,
  patchSize: 14,
  gridPinpoints: [
    [28, 56],
    [56, 28],
    [56, 56],
    [84, 28],
    [28, 84],
  ],
  vision: { width: 32, heads: 2, feedForward: 48, blocks: 3 },
  text: { width: 64, heads: 2, feedForward: 96, blocks: 2 },
  contextLength: 4096,
};

/** LLaVA-1.6's real geometry (576 patches to a square, its five grids) with small towers. */
export const realGeometryShape: LlavaShape = {
  ...tinyShape,
  imageSize: 336,
  gridPinpoints: [
    [336, 672],
    [672, 336],
    [672, 672],
    [1008, 336],
    [336, 1008],
  ],
};

export interface LlavaOptions {
  readonly seed?: number;
  /** clip.vision.feature_layer; by default not written, as in most published files. */
  readonly featureLayer?: number;
  /** Whether the vision tower has a post-layernorm. Default false: LLaVA files have none. */
  readonly postNorm?: boolean;
  /** Name of the newline tensor, or null for none. Default: the published files'. */
  readonly newlineName?: string | null;
  readonly newlineType?: 'f32' | 'f16';
  /** Width the projector puts out, if it is not to fit the text model. */
  readonly projectorWidth?: number;
  readonly hasVision?: boolean;
  readonly chatTemplate?: string;
  /** Put before the file names. */
  readonly name?: string;
}

export interface RandomLlava {
  readonly shape: LlavaShape;
  readonly textPath: string;
  readonly mmprojPath: string;
  /** The mmproj's tensors as they are in the file. */
  readonly vision: Readonly<Record<string, GgufTensor>>;
}

export const mean = [0.48145466, 0.4578275, 0.40821073] as const;
export const standardDeviation = [0.26862954, 0.26130258, 0.27577711] as const;
export const layerNormEpsilon = 1e-5;

/** Writes the text model and the mmproj into `folder`; the same seed and options give the same bytes. */
export function writeRandomLlava(folder: string, shape: LlavaShape, options: LlavaOptions = {}): RandomLlava {
  const random = gaussian(options.seed ?? 1);
  const prefix = options.name ?? 'random';
  const textPath = join(folder, `${prefix}-text.gguf`);
  const mmprojPath = join(folder, `${prefix}-mmproj.gguf`);
  writeGguf(textPath, { metadata: textMetadata(shape, options), tensors: textTensors(shape, random) });
  const vision = visionTensors(shape, options, random);
  writeGguf(mmprojPath, { metadata: visionMetadata(shape, options), tensors: vision });
  return { shape, textPath, mmprojPath, vision };
}

function textMetadata(
  { text: tower, contextLength }: LlavaShape,
  options: LlavaOptions,
): Record<string, GgufValue> {
  return {
    'general.architecture': text('llama'),
    'general.name': text('random LLaVA'),
    'general.file_type': u32(0),
    'llama.context_length': u32(contextLength),
    'llama.embedding_length': u32(tower.width),
    'llama.block_count': u32(tower.blocks),
    'llama.feed_forward_length': u32(tower.feedForward),
    'llama.rope.dimension_count': u32(tower.width / tower.heads),
    'llama.attention.head_count': u32(tower.heads),
    'llama.attention.head_count_kv': u32(tower.heads),
    'llama.attention.layer_norm_rms_epsilon': f32(1e-5),
    'tokenizer.ggml.model': text('llama'),
    'tokenizer.ggml.pre': text('default'),
    'tokenizer.ggml.tokens': text(vocabulary.map(({ piece }) => piece)),
    'tokenizer.ggml.scores': f32(vocabulary.map(({ score }) => score)),
    'tokenizer.ggml.token_type': i32(vocabulary.map(({ type }) => type)),
    'tokenizer.ggml.unknown_token_id': u32(0),
    'tokenizer.ggml.bos_token_id': u32(1),
    'tokenizer.ggml.eos_token_id': u32(2),
    'tokenizer.ggml.add_bos_token': bool(true),
    'tokenizer.ggml.add_eos_token': bool(false),
    ...(options.chatTemplate === undefined ? {} : { 'tokenizer.chat_template': text(options.chatTemplate) }),
  };
}

function visionMetadata(shape: LlavaShape, options: LlavaOptions): Record<string, GgufValue> {
  const { vision, imageSize, patchSize, gridPinpoints } = shape;
  return {
    'general.architecture': text('clip'),
    'general.file_type': u32(1),
    'clip.has_text_encoder': bool(false),
    'clip.has_vision_encoder': bool(options.hasVision ?? true),
    'clip.has_llava_projector': bool(true),
    'clip.projector_type': text('mlp'),
    'clip.vision.image_size': u32(imageSize),
    'clip.vision.patch_size': u32(patchSize),
    'clip.vision.embedding_length': u32(vision.width),
    'clip.vision.feed_forward_length': u32(vision.feedForward),
    'clip.vision.projection_dim': u32(768),
    'clip.vision.attention.head_count': u32(vision.heads),
    'clip.vision.attention.layer_norm_epsilon': f32(layerNormEpsilon),
    'clip.vision.block_count': u32(vision.blocks),
    ...(gridPinpoints.length === 0 ? {} : { 'clip.vision.image_grid_pinpoints': i32(gridPinpoints.flat()) }),
    'clip.vision.mm_patch_merge_type': text('spatial_unpad'),
    ...(options.featureLayer === undefined
      ? {}
      : { 'clip.vision.feature_layer': i32([options.featureLayer]) }),
    'clip.vision.image_mean': f32(mean),
    'clip.vision.image_std': f32(standardDeviation),
    'clip.use_gelu': bool(false),
  };
}

function textTensors({ text: tower }: LlavaShape, random: Random): Record<string, GgufTensor> {
  const { width, feedForward, blocks } = tower;
  const tensors: Record<string, GgufTensor> = {
    'token_embd.weight': matrix(random, vocabulary.length, width, 1),
    'output.weight': matrix(random, vocabulary.length, width),
    'output_norm.weight': around(random, width, 1),
  };
  for (let block = 0; block < blocks; block++) {
    const name = (part: string): string => `blk.${block}.${part}.weight`;
    tensors[name('attn_norm')] = around(random, width, 1);
    tensors[name('ffn_norm')] = around(random, width, 1);
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_output'])
      tensors[name(part)] = matrix(random, width, width);
    tensors[name('ffn_gate')] = matrix(random, feedForward, width);
    tensors[name('ffn_up')] = matrix(random, feedForward, width);
    tensors[name('ffn_down')] = matrix(random, width, feedForward);
  }
  return tensors;
}

function visionTensors(shape: LlavaShape, options: LlavaOptions, random: Random): Record<string, GgufTensor> {
  const { width, feedForward, blocks } = shape.vision;
  const { patchSize } = shape;
  const patches = (shape.imageSize / patchSize) ** 2;
  const projectorWidth = options.projectorWidth ?? shape.text.width;
  const tensors: Record<string, GgufTensor> = {
    'v.class_embd': around(random, width, 0, 1),
    'v.patch_embd.weight': halves({
      ...matrix(random, width, 3 * patchSize ** 2),
      shape: [width, 3, patchSize, patchSize],
    }),
    'v.position_embd.weight': matrix(random, patches + 1, width, 1),
  };
  const norm = (name: string): void => {
    tensors[`${name}.weight`] = around(random, width, 1);
    tensors[`${name}.bias`] = around(random, width, 0);
  };
  const linear = (name: string, outputs: number, inputs: number): void => {
    tensors[`${name}.weight`] = matrix(random, outputs, inputs);
    tensors[`${name}.bias`] = around(random, outputs, 0);
  };
  norm('v.pre_ln');
  for (let block = 0; block < blocks; block++) {
    const name = (part: string): string => `v.blk.${block}.${part}`;
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_out']) linear(name(part), width, width);
    norm(name('ln1'));
    norm(name('ln2'));
    linear(name('ffn_up'), feedForward, width);
    linear(name('ffn_down'), width, feedForward);
  }
  if (options.postNorm) norm('v.post_ln');
  linear('mm.0', projectorWidth, width);
  linear('mm.2', projectorWidth, projectorWidth);
  const newline = options.newlineName === undefined ? 'model.image_newline' : options.newlineName;
  if (newline) {
    const values = around(random, projectorWidth, 0, 1);
    tensors[newline] = options.newlineType === 'f16' ? halves(values) : values;
  }
  return tensors;
}

/** Ids: 0 unknown, 1 begin, 2 end, 3 to 258 the bytes, then pieces; every beginning of a word is a piece. */
export const vocabulary: readonly {
  readonly piece: string;
  readonly score: number;
  readonly type: number;
}[] = (() => {
  const normal = 1;
  const unknown = 2;
  const control = 3;
  const byte = 6;
  const words = ['▁USER', '▁ASSISTANT', '▁the', '▁gate', '▁is', '▁open', '▁closed', '▁what', '▁see', 'é'];
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
  const single = ['▁', ...letters, ...new Set([...'USERAITN'])];
  const longer = words.flatMap((word) => [...word].map((_, end) => [...word].slice(0, end + 1).join('')));
  const pieces = [...new Set([...single, ...longer])];
  return [
    { piece: '<unk>', score: 0, type: unknown },
    { piece: '<s>', score: 0, type: control },
    { piece: '</s>', score: 0, type: control },
    ...Array.from({ length: 256 }, (_, value) => ({
      piece: `<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`,
      score: 0,
      type: byte,
    })),
    ...pieces.map((piece, index) => ({ piece, score: -index, type: normal })),
  ];
})();

type Random = () => number;

/** Normally distributed numbers from a seed (mulberry32, Box-Muller). */
function gaussian(seed: number): Random {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Scaled so that a layer neither grows nor shrinks what passes through it. */
function matrix(
  random: Random,
  outputs: number,
  inputs: number,
  scale = 1.5 / Math.sqrt(inputs),
): GgufTensor {
  return {
    shape: [outputs, inputs],
    values: Float32Array.from({ length: outputs * inputs }, () => random() * scale),
  };
}

function around(random: Random, size: number, center: number, spread = 0.1): GgufTensor {
  return { shape: [size], values: Float32Array.from({ length: size }, () => center + random() * spread) };
}

function halves(tensor: GgufTensor): GgufTensor {
  return { ...tensor, type: 'f16', values: tensor.values.map((value) => fromHalf(toHalf(value))) };
}
