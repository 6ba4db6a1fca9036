import { join } from 'node:path';
import { bool, f32, type GgufTensor, type GgufValue, i32, text, u32, writeGguf } from './gguf-writer.ts';
import { type TextShape, type TowerShape, vocabulary, writeRandomText } from './random-text.ts';
import { around, gaussian, halves, matrix, type Random } from './random-weights.ts';

// Small models with random weights for projectors whose layout libmtmd determines: one that cuts pictures into slices with
// delimiters, one with non-causal attention, one with M-RoPE and so on.

export type Projector =
  | 'mlp'
  | 'mlp_norm'
  | 'ldpv2'
  | 'idefics3'
  | 'gemma3'
  | 'qwen2.5vl_merger'
  | 'internvl'
  | 'pixtral'
  | 'lfm2';

export interface RandomModel {
  readonly projector: Projector;
  readonly textPath: string;
  readonly mmprojPath: string;
  /** The text of each token. */
  readonly pieces: readonly string[];
}

const vision: TowerShape = { width: 32, heads: 2, feedForward: 48, blocks: 2 };
const language: TowerShape = { width: 64, heads: 2, feedForward: 96, blocks: 2 };

interface Kind {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly architecture?: TextShape['architecture'];
  readonly extraTokens?: readonly string[];
  readonly metadata?: Readonly<Record<string, GgufValue>>;
  /** The tower's tensors outside its blocks. */
  readonly parts: readonly ('class' | 'position' | 'postNorm' | 'gate' | 'secondPatch')[];
  readonly project: (random: Random) => Record<string, GgufTensor>;
}

const merge = 2;
const merged = vision.width * merge ** 2;

const kinds: Readonly<Record<Projector, Kind>> = {
  // LLaVA-1.5; without a class token, where llama-mtmd-cli and we agree.
  mlp: {
    imageSize: 56,
    patchSize: 14,
    metadata: { 'clip.vision.feature_layer': i32([vision.blocks]) },
    parts: ['position'],
    project: (random) => ({
      ...linear(random, 'mm.0', language.width, vision.width),
      ...linear(random, 'mm.2', language.width, language.width),
    }),
  },
  // Yi-VL: the file says mlp, and libmtmd recognises it by its tensors.
  mlp_norm: {
    imageSize: 56,
    patchSize: 14,
    metadata: { 'clip.projector_type': text('mlp'), 'clip.vision.feature_layer': i32([vision.blocks]) },
    parts: ['position'],
    project: (random) => ({
      ...linear(random, 'mm.0', language.width, vision.width),
      ...norm(random, 'mm.1', language.width),
      ...linear(random, 'mm.3', language.width, language.width),
      ...norm(random, 'mm.4', language.width),
    }),
  },
  // MobileVLM: libmtmd computes it for 24 x 24 patches only.
  ldpv2: {
    imageSize: 336,
    patchSize: 14,
    metadata: { 'clip.vision.feature_layer': i32([vision.blocks]) },
    parts: ['position'],
    project: (random) => ({
      ...linear(random, 'mm.model.mlp.0', language.width, vision.width),
      ...linear(random, 'mm.model.mlp.2', language.width, language.width),
      'mm.model.peg.0.weight': halves({
        ...matrix(random, language.width, 9),
        shape: [language.width, 1, 3, 3],
      }),
      'mm.model.peg.0.bias': around(random, language.width, 0),
    }),
  },
  // SmolVLM: slices of imageSize, the whole picture last, a token before each.
  idefics3: {
    imageSize: 56,
    patchSize: 14,
    extraTokens: ['\n', '\n\n', '<fake_token_around_image>', '<global-img>', ...cells('<row_%r_col_%c>')],
    metadata: {
      'clip.vision.projector.scale_factor': u32(merge),
      'clip.vision.preproc_image_size': u32(168),
    },
    parts: ['position', 'postNorm'],
    project: (random) => ({ 'mm.model.fc.weight': matrix(random, language.width, merged) }),
  },
  gemma3: {
    imageSize: 112,
    patchSize: 14,
    extraTokens: ['<start_of_image>', '<end_of_image>'],
    metadata: { 'clip.vision.projector.scale_factor': u32(merge) },
    parts: ['position', 'postNorm'],
    project: (random) => ({
      'mm.input_projection.weight': matrix(random, vision.width, language.width),
      'mm.soft_emb_norm.weight': around(random, vision.width, 1),
    }),
  },
  'qwen2.5vl_merger': {
    imageSize: 112,
    patchSize: 14,
    architecture: 'qwen2vl',
    extraTokens: ['<|vision_start|>', '<|vision_end|>'],
    metadata: {
      'clip.vision.n_wa_pattern': u32(2),
      'clip.use_silu': bool(true),
      'clip.use_gelu': bool(false),
    },
    parts: ['gate', 'postNorm', 'secondPatch'],
    project: (random) => ({
      ...linear(random, 'mm.0', merged, merged),
      ...linear(random, 'mm.2', language.width, merged),
    }),
  },
  internvl: {
    imageSize: 56,
    patchSize: 14,
    extraTokens: ['<img>', '</img>'],
    metadata: { 'clip.vision.projector.scale_factor': u32(merge), 'clip.vision.preproc_max_tiles': u32(4) },
    parts: ['class', 'position'],
    project: (random) => ({
      ...norm(random, 'mm.model.mlp.0', merged),
      ...linear(random, 'mm.model.mlp.1', language.width, merged),
      ...linear(random, 'mm.model.mlp.3', language.width, language.width),
    }),
  },
  pixtral: {
    imageSize: 112,
    patchSize: 14,
    extraTokens: ['[IMG_END]'],
    parts: ['gate'],
    project: (random) => ({
      ...linear(random, 'mm.1', language.width, vision.width),
      ...linear(random, 'mm.2', language.width, language.width),
      'v.token_embd.img_break': around(random, language.width, 0, 1),
    }),
  },
  lfm2: {
    imageSize: 256,
    patchSize: 16,
    architecture: 'lfm2',
    extraTokens: ['<|image_start|>', '<|image_end|>', '<|img_thumbnail|>'],
    metadata: { 'clip.vision.projector.scale_factor': u32(merge) },
    parts: ['position', 'postNorm'],
    project: (random) => ({
      ...linear(random, 'mm.1', language.width, merged),
      ...linear(random, 'mm.2', language.width, language.width),
    }),
  },
};

/** Writes a text model and its mmproj into `folder`; the same options give the same bytes. */
export function writeRandomModel(
  folder: string,
  projector: Projector,
  options: { readonly chatTemplate?: string } = {},
): RandomModel {
  const kind = kinds[projector];
  const random = gaussian(1);
  const textPath = join(folder, `${projector}-text.gguf`);
  const mmprojPath = join(folder, `${projector}-mmproj.gguf`);
  const { architecture = 'llama', extraTokens = [] } = kind;
  writeRandomText(
    textPath,
    { tower: language, contextLength: 4096, architecture, sharpness: 6, extraTokens, ...options },
    random,
  );
  const tensors = { ...towerTensors(kind, random), ...kind.project(random) };
  writeGguf(mmprojPath, { metadata: metadata(projector, kind), tensors });
  const pieces = [...vocabulary.map(({ piece }) => piece), ...extraTokens];
  return { projector, textPath, mmprojPath, pieces };
}

function metadata(projector: Projector, kind: Kind): Record<string, GgufValue> {
  return {
    'general.architecture': text('clip'),
    'general.file_type': u32(1),
    'clip.has_text_encoder': bool(false),
    'clip.has_vision_encoder': bool(true),
    'clip.projector_type': text(projector),
    'clip.vision.image_size': u32(kind.imageSize),
    'clip.vision.patch_size': u32(kind.patchSize),
    'clip.vision.embedding_length': u32(vision.width),
    'clip.vision.feed_forward_length': u32(vision.feedForward),
    'clip.vision.projection_dim': u32(language.width),
    'clip.vision.attention.head_count': u32(vision.heads),
    'clip.vision.attention.layer_norm_epsilon': f32(1e-5),
    'clip.vision.block_count': u32(vision.blocks),
    'clip.vision.image_mean': f32([0.5, 0.5, 0.5]),
    'clip.vision.image_std': f32([0.5, 0.5, 0.5]),
    'clip.use_gelu': bool(true),
    ...kind.metadata,
  };
}

function towerTensors({ imageSize, patchSize, parts }: Kind, random: Random): Record<string, GgufTensor> {
  const { width, feedForward, blocks } = vision;
  const has = (part: Kind['parts'][number]): boolean => parts.includes(part);
  const patch = (): GgufTensor =>
    halves({ ...matrix(random, width, 3 * patchSize ** 2), shape: [width, 3, patchSize, patchSize] });
  const positions = (imageSize / patchSize) ** 2 + (has('class') ? 1 : 0);
  const tensors: Record<string, GgufTensor> = {
    'v.patch_embd.weight': patch(),
    ...(has('secondPatch') ? { 'v.patch_embd.weight.1': patch() } : {}),
    ...(has('class') ? { 'v.class_embd': around(random, width, 0, 1) } : {}),
    ...(has('position') ? { 'v.position_embd.weight': matrix(random, positions, width, 1) } : {}),
    ...(has('postNorm') ? norm(random, 'v.post_ln', width) : {}),
  };
  for (let block = 0; block < blocks; block++) {
    const name = (part: string): string => `v.blk.${block}.${part}`;
    for (const part of ['attn_q', 'attn_k', 'attn_v', 'attn_out'])
      Object.assign(tensors, linear(random, name(part), width, width));
    Object.assign(tensors, norm(random, name('ln1'), width), norm(random, name('ln2'), width));
    Object.assign(tensors, linear(random, name('ffn_up'), feedForward, width));
    if (has('gate')) Object.assign(tensors, linear(random, name('ffn_gate'), feedForward, width));
    Object.assign(tensors, linear(random, name('ffn_down'), width, feedForward));
  }
  return tensors;
}

function linear(random: Random, name: string, outputs: number, inputs: number): Record<string, GgufTensor> {
  return {
    [`${name}.weight`]: matrix(random, outputs, inputs),
    [`${name}.bias`]: around(random, outputs, 0),
  };
}

function norm(random: Random, name: string, width: number): Record<string, GgufTensor> {
  return { [`${name}.weight`]: around(random, width, 1), [`${name}.bias`]: around(random, width, 0) };
}

/** A token for each cell of a small grid of slices. */
function cells(pattern: string): string[] {
  const sides = [1, 2, 3, 4];
  return sides.flatMap((row) =>
    sides.map((column) => pattern.replace('%r', `${row}`).replace('%c', `${column}`)),
  );
}
