import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  bool,
  encodeGgufHeader,
  f32,
  type GgufMetadata,
  type GgufTensorInfo,
  type GgufValue,
  ggufSizeBytes,
  i32,
  type TensorType,
  text,
  u32,
} from '../../src/models/convert/gguf-writer.ts';
import { readVocabulary } from './vocabulary-file.ts';

// Models of any size in sparse files: all weights are zero, and the files take no disk space.

export interface HollowShape {
  readonly text: {
    readonly width: number;
    readonly blocks: number;
    readonly heads: number;
    readonly keyValueHeads?: number;
    readonly feedForward: number;
    /** Type of the matrices; norms are F32. */
    readonly type: TensorType;
    readonly contextLength: number;
    /** Default: the published vocabulary's. */
    readonly vocabularySize?: number;
  };
  readonly vision: {
    readonly width: number;
    readonly blocks: number;
    readonly heads: number;
    readonly feedForward: number;
    readonly imageSize: number;
    readonly patchSize: number;
    /** Type of the blocks' and projector's matrices, of all or by name. Default F16. */
    readonly type?: TensorType | ((matrix: string) => TensorType);
  };
  /** LLaVA-1.6's grids, LLaVA-1.5's one square, or SmolVLM's tiles, which have fewer tokens than patches. */
  readonly packing: '1.6' | '1.5' | 'smolvlm';
}

const pinpoints = [336, 672, 672, 336, 672, 672, 1008, 336, 336, 1008];
/** SmolVLM makes one token of 4 x 4 patches, and enlarges pictures to this longest edge. */
const smolVlm = { scaleFactor: 4, longestEdge: 2048 };

/** CLIP ViT-L/14 at 336 pixels as in published files: without the last block. */
export const clipLarge = {
  ...{ width: 1024, blocks: 23, heads: 16, feedForward: 4096 },
  ...{ imageSize: 336, patchSize: 14 },
} as const;

/** LLaVA-1.6 Vicuna 7B, nearly as Q5_K_M (which has some matrices in Q6_K). */
export const vicuna7b: HollowShape = {
  text: {
    ...{ width: 4096, blocks: 32, heads: 32, feedForward: 11_008, contextLength: 4096 },
    type: 'Q5_K',
  },
  vision: clipLarge,
  packing: '1.6',
};

/** SmolVLM2 500M: SmolLM2 360M and SigLIP B/16 at 512 pixels, both in Q8_0 as published for llama.cpp. */
export const smolVlm500m: HollowShape = {
  text: {
    ...{ width: 960, blocks: 32, heads: 15, keyValueHeads: 5, feedForward: 2560 },
    ...{ contextLength: 8192, vocabularySize: 49_280, type: 'Q8_0' },
  },
  vision: {
    ...{ width: 768, blocks: 12, heads: 12, feedForward: 3072 },
    ...{ imageSize: 512, patchSize: 16, type: 'Q8_0' },
  },
  packing: 'smolvlm',
};

export interface HollowModel {
  readonly textPath: string;
  readonly mmprojPath: string;
}

/** Writes both files into a folder. */
export function writeHollowModel(folder: string, shape: HollowShape): HollowModel {
  const textPath = join(folder, 'hollow-text.gguf');
  const mmprojPath = join(folder, 'hollow-mmproj.gguf');
  writeHollow(textPath, textMetadata(shape), textTensors(shape));
  writeHollow(mmprojPath, visionMetadata(shape), visionTensors(shape));
  return { textPath, mmprojPath };
}

function writeHollow(path: string, metadata: GgufMetadata, tensors: readonly GgufTensorInfo[]): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, encodeGgufHeader(metadata, tensors));
    ftruncateSync(file, ggufSizeBytes(metadata, tensors));
  } finally {
    closeSync(file);
  }
}

function textMetadata({ text: shape, packing }: HollowShape): GgufMetadata {
  return {
    'general.architecture': text('llama'),
    'general.name': text('hollow LLaVA'),
    'llama.context_length': u32(shape.contextLength),
    'llama.embedding_length': u32(shape.width),
    'llama.block_count': u32(shape.blocks),
    'llama.feed_forward_length': u32(shape.feedForward),
    'llama.rope.dimension_count': u32(shape.width / shape.heads),
    'llama.attention.head_count': u32(shape.heads),
    'llama.attention.head_count_kv': u32(shape.keyValueHeads ?? shape.heads),
    'llama.attention.layer_norm_rms_epsilon': f32(1e-5),
    ...vocabularyOf(shape.vocabularySize, packing === 'smolvlm' ? smolVlmTokens : []),
  };
}

const smolVlmTokens = [
  ...['\n', '\n\n', '<fake_token_around_image>', '<global-img>'],
  ...[1, 2, 3, 4].flatMap((row) => [1, 2, 3, 4].map((column) => `<row_${row}_col_${column}>`)),
];

/** Llama's vocabulary, with control tokens appended, and unused ones up to `size`. */
function vocabularyOf(size = 0, control: readonly string[] = []): GgufMetadata {
  const published = Object.fromEntries(readVocabulary('llama-spm'));
  const valuesOf = (key: string): unknown[] => published[`tokenizer.ggml.${key}`]!.value as unknown[];
  const known = valuesOf('tokens').length + control.length;
  const unused = Array.from({ length: Math.max(0, size - known) }, (_, at) => `<unused${at}>`);
  const added = [...control, ...unused];
  const longer = (key: string, type: GgufValue['type'], values: readonly unknown[]): GgufMetadata => ({
    [`tokenizer.ggml.${key}`]: { type, value: [...valuesOf(key), ...values] as GgufValue['value'] },
  });
  return {
    ...published,
    ...longer('tokens', 'string', added),
    ...longer('token_type', 'i32', [...control.map(() => 3), ...unused.map(() => 5)]),
    ...longer(
      'scores',
      'f32',
      added.map(() => -1e6),
    ),
  };
}

function textTensors({ text: shape }: HollowShape): GgufTensorInfo[] {
  const { width, heads, keyValueHeads = heads, feedForward, type, blocks } = shape;
  const keyWidth = (width / heads) * keyValueHeads;
  const published = readVocabulary('llama-spm').get('tokenizer.ggml.tokens')!.value as string[];
  const { vocabularySize = published.length } = shape;
  const matrix = (name: string, outputs: number, inputs: number): GgufTensorInfo => ({
    name: `${name}.weight`,
    shape: [outputs, inputs],
    type,
  });
  const norm = (name: string): GgufTensorInfo => ({ name: `${name}.weight`, shape: [width], type: 'F32' });
  return [
    matrix('token_embd', vocabularySize, width),
    ...Array.from({ length: blocks }, (_, index) => `blk.${index}`).flatMap((block) => [
      norm(`${block}.attn_norm`),
      matrix(`${block}.attn_q`, width, width),
      matrix(`${block}.attn_k`, keyWidth, width),
      matrix(`${block}.attn_v`, keyWidth, width),
      matrix(`${block}.attn_output`, width, width),
      norm(`${block}.ffn_norm`),
      matrix(`${block}.ffn_gate`, feedForward, width),
      matrix(`${block}.ffn_up`, feedForward, width),
      matrix(`${block}.ffn_down`, width, feedForward),
    ]),
    norm('output_norm'),
    matrix('output', vocabularySize, width),
  ];
}

function visionMetadata({ vision, packing }: HollowShape): GgufMetadata {
  const isLlava = packing !== 'smolvlm';
  return {
    'general.architecture': text('clip'),
    'clip.has_vision_encoder': bool(true),
    'clip.has_llava_projector': bool(isLlava),
    'clip.projector_type': text(isLlava ? 'mlp' : 'idefics3'),
    'clip.vision.image_size': u32(vision.imageSize),
    'clip.vision.patch_size': u32(vision.patchSize),
    'clip.vision.embedding_length': u32(vision.width),
    'clip.vision.feed_forward_length': u32(vision.feedForward),
    'clip.vision.projection_dim': u32(768),
    'clip.vision.attention.head_count': u32(vision.heads),
    'clip.vision.attention.layer_norm_epsilon': f32(1e-5),
    'clip.vision.block_count': u32(vision.blocks),
    'clip.vision.image_mean': f32([0.48, 0.46, 0.41]),
    'clip.vision.image_std': f32([0.27, 0.26, 0.28]),
    'clip.use_gelu': bool(!isLlava),
    ...(packing === '1.6'
      ? {
          'clip.vision.image_grid_pinpoints': i32(pinpoints),
          'clip.vision.mm_patch_merge_type': text('spatial_unpad'),
        }
      : {}),
    ...(isLlava
      ? {}
      : {
          'clip.vision.projector.scale_factor': u32(smolVlm.scaleFactor),
          'clip.vision.preproc_image_size': u32(smolVlm.longestEdge),
        }),
  };
}

function visionTensors({ vision, text: { width: textWidth }, packing }: HollowShape): GgufTensorInfo[] {
  const { width, feedForward, blocks, imageSize, patchSize, type = 'F16' } = vision;
  const typeOf = (matrix: string): TensorType => (typeof type === 'string' ? type : type(matrix));
  const patches = (imageSize / patchSize) ** 2;
  const linear = (name: string, outputs: number, inputs: number): GgufTensorInfo[] => [
    {
      name: `${name}.weight`,
      shape: [outputs, inputs],
      type: typeOf(`${name}.weight`),
    },
    { name: `${name}.bias`, shape: [outputs], type: 'F32' },
  ];
  const norm = (name: string): GgufTensorInfo[] =>
    ['weight', 'bias'].map((part) => ({ name: `${name}.${part}`, shape: [width], type: 'F32' }));
  const llava = (): GgufTensorInfo[] => [
    { name: 'v.class_embd', shape: [width], type: 'F32' },
    { name: 'v.position_embd.weight', shape: [patches + 1, width], type: 'F16' },
    ...norm('v.pre_ln'),
    ...linear('mm.0', textWidth, width),
    ...linear('mm.2', textWidth, textWidth),
    ...(packing === '1.6' ? [{ name: 'model.image_newline', shape: [textWidth], type: 'F32' } as const] : []),
  ];
  const smol = (): GgufTensorInfo[] => [
    { name: 'v.patch_embd.bias', shape: [width], type: 'F32' },
    { name: 'v.position_embd.weight', shape: [patches, width], type: 'F32' },
    ...norm('v.post_ln'),
    {
      name: 'mm.model.fc.weight',
      shape: [textWidth, width * smolVlm.scaleFactor ** 2],
      type: typeOf('mm.model.fc.weight'),
    },
  ];
  return [
    { name: 'v.patch_embd.weight', shape: [width, 3, patchSize, patchSize], type: 'F16' },
    ...Array.from({ length: blocks }, (_, index) => `v.blk.${index}`).flatMap((block) => [
      ...['attn_q', 'attn_k', 'attn_v', 'attn_out'].flatMap((part) =>
        linear(`${block}.${part}`, width, width),
      ),
      ...norm(`${block}.ln1`),
      ...norm(`${block}.ln2`),
      ...linear(`${block}.ffn_up`, feedForward, width),
      ...linear(`${block}.ffn_down`, width, feedForward),
    ]),
    ...(packing === 'smolvlm' ? smol() : llava()),
  ];
}
