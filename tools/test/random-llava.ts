import { join } from 'node:path';
import { bool, f32, type GgufTensor, type GgufValue, i32, text, u32, writeGguf } from './gguf-writer.ts';
import { type TowerShape, writeRandomText } from './random-text.ts';
import { around, gaussian, halves, matrix, type Random } from './random-weights.ts';

// Small LLaVA-1.6 models with random weights: their output makes no sense, but they use the whole engine.

export interface LlavaShape {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly gridPinpoints: readonly (readonly [number, number])[];
  readonly vision: TowerShape;
  readonly text: TowerShape;
  readonly contextLength: number;
}

/** Four patches per square, for tests of single values. */
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

/** LLaVA-1.6's real geometry (576 patches per square, its five grids) with small towers. */
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
  /** Default spatial_unpad. */
  readonly mergeType?: 'spatial_unpad' | 'flat';
  /** Output width of the projector, if it should not fit the text model. */
  readonly projectorWidth?: number;
  readonly hasVision?: boolean;
  /** Default true, as in all published files. */
  readonly hasClassToken?: boolean;
  readonly chatTemplate?: string;
  /** Prefix of the file names. */
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
  const { chatTemplate } = options;
  const { contextLength, text: tower } = shape;
  writeRandomText(
    textPath,
    { tower, contextLength, ...(chatTemplate === undefined ? {} : { chatTemplate }) },
    random,
  );
  const vision = visionTensors(shape, options, random);
  writeGguf(mmprojPath, { metadata: visionMetadata(shape, options), tensors: vision });
  return { shape, textPath, mmprojPath, vision };
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
    'clip.vision.mm_patch_merge_type': text(options.mergeType ?? 'spatial_unpad'),
    ...(options.featureLayer === undefined
      ? {}
      : { 'clip.vision.feature_layer': i32([options.featureLayer]) }),
    'clip.vision.image_mean': f32(mean),
    'clip.vision.image_std': f32(standardDeviation),
    'clip.use_gelu': bool(false),
  };
}

function visionTensors(shape: LlavaShape, options: LlavaOptions, random: Random): Record<string, GgufTensor> {
  const { width, feedForward, blocks } = shape.vision;
  const { patchSize } = shape;
  const { hasClassToken = true } = options;
  const patches = (shape.imageSize / patchSize) ** 2;
  const projectorWidth = options.projectorWidth ?? shape.text.width;
  const tensors: Record<string, GgufTensor> = {
    ...(hasClassToken ? { 'v.class_embd': around(random, width, 0, 1) } : {}),
    'v.patch_embd.weight': halves({
      ...matrix(random, width, 3 * patchSize ** 2),
      shape: [width, 3, patchSize, patchSize],
    }),
    'v.position_embd.weight': matrix(random, patches + (hasClassToken ? 1 : 0), width, 1),
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
