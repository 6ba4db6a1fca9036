import { ConfigError } from '../../domain/errors.ts';
import { bool, f32, type GgufContent, type GgufTensor, i32, text, u32 } from './gguf-writer.ts';
import type { LlavaConfig } from './llava-config.ts';
import { convertedTensor } from './tensor-conversion.ts';
import type { TensorStore } from './tensor-store.ts';
import { fileTypes } from './text-part.ts';

// Keys and tensor names are those of the published LLaVA files, which llama.cpp's
// tools/mtmd/legacy-models/convert_image_encoder_to_gguf.py wrote.

const classEmbedding = 'embeddings.class_embedding';

/**
 * The vision tower up to the feature layer, the projector, and the newline embedding. Matrices are F16, vectors F32.
 * @param tower the store of the vision tower: the checkpoint itself, or --vision-tower
 * @throws ConfigError if a tensor is missing or its shape differs from the configs
 */
export function visionTensors(
  store: TensorStore,
  tower: TensorStore,
  { vision, text: { width: textWidth }, featureLayers, packing }: LlavaConfig,
): GgufTensor[] {
  const { width, feedForward, patchSize } = vision;
  const patches = (vision.imageSize / patchSize) ** 2;
  const prefix = tower.prefixOf(classEmbedding) ?? '';
  const tensors: GgufTensor[] = [];
  const add = (from: TensorStore, name: string, source: string, shape: readonly number[]): void => {
    tensors.push(convertedTensor(name, from.take(source, shape), shape.length > 1 ? 'F16' : 'F32'));
  };
  const linear = (from: TensorStore, name: string, source: string, outputs: number, inputs: number): void => {
    add(from, `${name}.weight`, `${source}.weight`, [outputs, inputs]);
    add(from, `${name}.bias`, `${source}.bias`, [outputs]);
  };
  const norm = (name: string, source: string): void => {
    for (const kind of ['weight', 'bias']) add(tower, `${name}.${kind}`, `${source}.${kind}`, [width]);
  };
  add(tower, 'v.class_embd', `${prefix}${classEmbedding}`, [width]);
  add(tower, 'v.patch_embd.weight', `${prefix}embeddings.patch_embedding.weight`, [
    width,
    3,
    patchSize,
    patchSize,
  ]);
  add(tower, 'v.position_embd.weight', `${prefix}embeddings.position_embedding.weight`, [patches + 1, width]);
  norm('v.pre_ln', `${prefix}pre_layrnorm`);
  // The layers after the last feature layer never run, nor does the post-layernorm.
  for (let block = 0; block < Math.max(...featureLayers); block++) {
    const to = `v.blk.${block}`;
    const layer = `${prefix}encoder.layers.${block}`;
    for (const part of ['q', 'k', 'v'])
      linear(tower, `${to}.attn_${part}`, `${layer}.self_attn.${part}_proj`, width, width);
    linear(tower, `${to}.attn_out`, `${layer}.self_attn.out_proj`, width, width);
    norm(`${to}.ln1`, `${layer}.layer_norm1`);
    norm(`${to}.ln2`, `${layer}.layer_norm2`);
    // The published files have up and down swapped; libmtmd detects it by the shapes.
    linear(tower, `${to}.ffn_down`, `${layer}.mlp.fc1`, feedForward, width);
    linear(tower, `${to}.ffn_up`, `${layer}.mlp.fc2`, width, feedForward);
  }
  const [first, second] = projectorNames(store);
  linear(store, 'mm.0', first, textWidth, width * featureLayers.length);
  linear(store, 'mm.2', second, textWidth, textWidth);
  const newline = store.prefixOf('image_newline');
  if (newline !== null) add(store, 'model.image_newline', `${newline}image_newline`, [textWidth]);
  else if (packing.mergeType?.includes('unpad')) store.take('model.image_newline', [textWidth]);
  return tensors;
}

/** The names of the projector's two layers in either layout. */
function projectorNames(store: TensorStore): [string, string] {
  const original = store.prefixOf('mm_projector.0.weight');
  if (original !== null) return [`${original}mm_projector.0`, `${original}mm_projector.2`];
  const hf = store.prefixOf('multi_modal_projector.linear_1.weight');
  if (hf !== null) return [`${hf}multi_modal_projector.linear_1`, `${hf}multi_modal_projector.linear_2`];
  throw new ConfigError(
    `${store.folder}: the projector (tensor mm_projector.0.weight) is missing; a separate mm_projector.bin is a ` +
      'pickle, which is not read; use a merged checkpoint',
  );
}

/** Tensors of a CLIP tower and of a language model that LLaVA does not use, with any prefix. */
export function isIgnored(name: string): boolean {
  return (
    /(^|\.)(vision_model\.|vision_tower\.)+(encoder\.layers\.\d+|post_layernorm)\./.test(name) ||
    /(^|\.)embeddings\.position_ids$/.test(name) ||
    /\.rotary_emb\.inv_freq$/.test(name) ||
    // The other half of a whole CLIP.
    /^(text_model\.|text_projection\.|visual_projection\.|logit_scale$)/.test(name)
  );
}

/** The mmproj's metadata. `feature_layer` is always set: without it libmtmd guesses how many blocks run. */
export function visionMetadata(
  { vision, normalisation, featureLayers, packing }: LlavaConfig,
  name: string,
  license: string | null,
): GgufContent['metadata'] {
  const { aspectRatio, mergeType, cropResolution, splitResolution, gridPinpoints } = packing;
  return {
    'general.architecture': text('clip'),
    'clip.has_text_encoder': bool(false),
    'clip.has_vision_encoder': bool(true),
    'clip.has_llava_projector': bool(true),
    'general.file_type': u32(fileTypes.F16),
    'general.type': text('mmproj'),
    'general.name': text(name),
    ...(license === null ? {} : { 'general.license': text(license) }),
    'general.description': text('image encoder for LLaVA'),
    'clip.projector_type': text('mlp'),
    'clip.vision.image_size': u32(vision.imageSize),
    'clip.vision.patch_size': u32(vision.patchSize),
    'clip.vision.embedding_length': u32(vision.width),
    'clip.vision.feed_forward_length': u32(vision.feedForward),
    'clip.vision.projection_dim': u32(vision.projectionWidth),
    'clip.vision.attention.head_count': u32(vision.heads),
    'clip.vision.attention.layer_norm_epsilon': f32(vision.normEpsilon),
    'clip.vision.block_count': u32(Math.max(...featureLayers)),
    ...(gridPinpoints.length === 0 ? {} : { 'clip.vision.image_grid_pinpoints': i32(gridPinpoints.flat()) }),
    ...(cropResolution === undefined ? {} : { 'clip.vision.image_crop_resolution': u32(cropResolution) }),
    ...(aspectRatio === undefined ? {} : { 'clip.vision.image_aspect_ratio': text(aspectRatio) }),
    ...(splitResolution === undefined ? {} : { 'clip.vision.image_split_resolution': u32(splitResolution) }),
    ...(mergeType === undefined ? {} : { 'clip.vision.mm_patch_merge_type': text(mergeType) }),
    'clip.vision.mm_projector_type': text('mlp2x_gelu'),
    'clip.vision.feature_layer': i32(featureLayers),
    'clip.vision.image_mean': f32(normalisation.mean),
    'clip.vision.image_std': f32(normalisation.standardDeviation),
    'clip.use_gelu': bool(vision.activation === 'gelu'),
  };
}
