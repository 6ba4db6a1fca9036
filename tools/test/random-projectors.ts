import { join } from 'node:path';
import { bool, f32, type GgufTensor, type GgufValue, text, u32, writeGguf } from './gguf-writer.ts';
import { linear, norm, type Projector, type ProjectorShape, projectorKinds } from './projector-kinds.ts';
import { type TowerShape, vocabulary, writeRandomText } from './random-text.ts';
import { around, gaussian, halves, matrix, type Random } from './random-weights.ts';

// Small models with random weights for projectors whose layout libmtmd determines: one that cuts pictures into slices with
// delimiters, one with non-causal attention, one with M-RoPE and so on.

export type { Projector } from './projector-kinds.ts';

export interface RandomModel {
  readonly projector: Projector;
  readonly textPath: string;
  readonly mmprojPath: string;
  /** The text of each token. */
  readonly pieces: readonly string[];
}

const vision: TowerShape = { width: 32, heads: 2, feedForward: 48, blocks: 2 };
const language: TowerShape = { width: 64, heads: 2, feedForward: 96, blocks: 2 };
const small = { vision, language, imageSize: 56, patchSize: 14, merge: 2 };

const shapes: Readonly<Record<Projector, ProjectorShape>> = {
  mlp: small,
  mlp_norm: small,
  ldpv2: { ...small, imageSize: 336 },
  idefics3: { ...small, metadata: { 'clip.vision.preproc_image_size': u32(168) } },
  gemma3: { ...small, imageSize: 112 },
  gemma4v: small,
  'qwen2.5vl_merger': { ...small, imageSize: 112 },
  qwen3vl_merger: { ...small, imageSize: 112 },
  internvl: { ...small, metadata: { 'clip.vision.preproc_max_tiles': u32(4) } },
  pixtral: { ...small, imageSize: 112 },
  lfm2: { ...small, imageSize: 256, patchSize: 16 },
  resampler: { ...small, language: { ...language, width: 128 } },
};

/** Writes a text model and its mmproj into `folder`; the same options give the same bytes. */
export function writeRandomModel(
  folder: string,
  projector: Projector,
  options: { readonly chatTemplate?: string } = {},
): RandomModel {
  const shape = shapes[projector];
  const random = gaussian(1);
  const textPath = join(folder, `${projector}-text.gguf`);
  const mmprojPath = join(folder, `${projector}-mmproj.gguf`);
  const { architecture = 'llama', extraTokens = [] } = projectorKinds[projector];
  writeRandomText(
    textPath,
    { tower: shape.language, contextLength: 4096, architecture, sharpness: 6, extraTokens, ...options },
    random,
  );
  writeGguf(mmprojPath, mmprojOf(projector, shape, random));
  const pieces = [...vocabulary.map(({ piece }) => piece), ...extraTokens];
  return { projector, textPath, mmprojPath, pieces };
}

/** The content of an mmproj file. `random` null: its shapes only. */
export function mmprojOf(
  projector: Projector,
  shape: ProjectorShape,
  random: Random | null,
): { metadata: Record<string, GgufValue>; tensors: Record<string, GgufTensor> } {
  const tensors = {
    ...towerTensors(projector, shape, random),
    ...projectorKinds[projector].project(random, shape),
  };
  return { metadata: metadata(projector, shape), tensors };
}

function metadata(projector: Projector, shape: ProjectorShape): Record<string, GgufValue> {
  return {
    'general.architecture': text('clip'),
    'general.file_type': u32(1),
    'clip.has_text_encoder': bool(false),
    'clip.has_vision_encoder': bool(true),
    'clip.projector_type': text(projector),
    'clip.vision.image_size': u32(shape.imageSize),
    'clip.vision.patch_size': u32(shape.patchSize),
    'clip.vision.embedding_length': u32(shape.vision.width),
    'clip.vision.feed_forward_length': u32(shape.vision.feedForward),
    'clip.vision.projection_dim': u32(shape.language.width),
    'clip.vision.attention.head_count': u32(shape.vision.heads),
    'clip.vision.attention.layer_norm_epsilon': f32(1e-5),
    'clip.vision.block_count': u32(shape.vision.blocks),
    'clip.vision.image_mean': f32([0.5, 0.5, 0.5]),
    'clip.vision.image_std': f32([0.5, 0.5, 0.5]),
    'clip.use_gelu': bool(true),
    ...projectorKinds[projector].metadata?.(shape),
    ...shape.metadata,
  };
}

function towerTensors(
  projector: Projector,
  { vision: { width, feedForward, blocks }, imageSize, patchSize }: ProjectorShape,
  random: Random | null,
): Record<string, GgufTensor> {
  const { parts, positions } = projectorKinds[projector];
  const has = (part: (typeof parts)[number]): boolean => parts.includes(part);
  const patch = (): GgufTensor =>
    halves({ ...matrix(random, width, 3 * patchSize ** 2), shape: [width, 3, patchSize, patchSize] });
  const places = positions ?? [Math.floor(imageSize / patchSize) ** 2 + (has('class') ? 1 : 0)];
  const placeCount = places.reduce((product, side) => product * side, 1);
  const tensors: Record<string, GgufTensor> = {
    'v.patch_embd.weight': patch(),
    ...(has('secondPatch') ? { 'v.patch_embd.weight.1': patch() } : {}),
    ...(has('class') ? { 'v.class_embd': around(random, width, 0, 1) } : {}),
    ...(has('position')
      ? { 'v.position_embd.weight': { ...matrix(random, placeCount, width, 1), shape: [...places, width] } }
      : {}),
    ...(has('postNorm') ? norm(random, 'v.post_ln', width) : {}),
  };
  for (let block = 0; block < blocks; block++) {
    const name = (part: string): string => `v.blk.${block}.${part}`;
    if (has('oneMatrix')) Object.assign(tensors, linear(random, name('attn_qkv'), 3 * width, width));
    for (const part of has('oneMatrix') ? ['attn_out'] : ['attn_q', 'attn_k', 'attn_v', 'attn_out'])
      Object.assign(tensors, linear(random, name(part), width, width));
    Object.assign(tensors, norm(random, name('ln1'), width), norm(random, name('ln2'), width));
    Object.assign(tensors, linear(random, name('ffn_up'), feedForward, width));
    if (has('gate')) Object.assign(tensors, linear(random, name('ffn_gate'), feedForward, width));
    Object.assign(tensors, linear(random, name('ffn_down'), width, feedForward));
  }
  return tensors;
}
