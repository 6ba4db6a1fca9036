import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeGgufHeader,
  type GgufMetadata,
  type GgufTensorInfo,
  ggufSizeBytes,
  i32,
  u32,
} from '../../src/models/convert/gguf-writer.ts';
import type { GgufTensor } from './gguf-writer.ts';
import { clipLarge, writeHollowModel } from './hollow-model.ts';
import { type Projector, type ProjectorShape, projectorKinds } from './projector-kinds.ts';
import { mmprojOf } from './random-projectors.ts';
import { type TextShape, type TowerShape, textOf } from './random-text.ts';

// The shapes of the catalogue's models, from their published configs, as files without data: libmtmd counts the tokens and
// patches of their pictures, and the tower's weights.

/** A language model's shape. */
interface Language {
  readonly width: number;
  readonly blocks: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  /** Default: width / heads. */
  readonly headSize?: number;
  readonly feedForward: number;
  /** Of a feed-forward network. Default 3: with a gate. */
  readonly matrices?: 2 | 3;
  /** Blocks with a short convolution in place of attention. */
  readonly convolutions?: number;
  /** Of all matrices, where blocks differ in other ways. */
  readonly weights?: number;
}

export interface CatalogueModel {
  readonly projector: Projector;
  readonly language: Language;
  readonly vision: TowerShape;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly merge?: number;
  /** Between the two matrices of the projector. Default: the language model's width. */
  readonly projectorWidth?: number;
  readonly metadata?: ProjectorShape['metadata'];
  /** LLaVA's grids of tiles, or its one square. */
  readonly llava?: '1.5' | '1.6';
}

const llavaTower = { vision: clipLarge, imageSize: 336, patchSize: 14, projector: 'mlp' } as const;
const vicuna7b: Language = { width: 4096, blocks: 32, heads: 32, keyValueHeads: 32, feedForward: 11_008 };
const mistral7b: Language = { ...vicuna7b, keyValueHeads: 8, feedForward: 14_336 };
const siglipBase: TowerShape = { width: 768, heads: 12, feedForward: 3072, blocks: 12 };
const siglip400m: TowerShape = { width: 1152, heads: 16, feedForward: 4304, blocks: 27 };

const smolVlm: Omit<CatalogueModel, 'language'> = {
  ...{ projector: 'idefics3', vision: siglipBase, imageSize: 512, patchSize: 16, merge: 4 },
  metadata: { 'clip.vision.preproc_image_size': u32(2048) },
};
const lfm2: Omit<CatalogueModel, 'language' | 'vision'> = {
  ...{ projector: 'lfm2', imageSize: 256, patchSize: 16, merge: 2, projectorWidth: 2560 },
};
const lfm350m: Language = {
  ...{ width: 1024, blocks: 16, convolutions: 10, heads: 16, keyValueHeads: 8, feedForward: 4608 },
};
const lfm1b: Language = { ...lfm350m, width: 2048, heads: 32, feedForward: 8192 };
const internVit: TowerShape = { width: 1024, heads: 16, feedForward: 4096, blocks: 24 };
const internvl: Omit<CatalogueModel, 'language'> = {
  ...{ projector: 'internvl', vision: internVit, imageSize: 448, patchSize: 14, merge: 2 },
  metadata: { 'clip.vision.preproc_max_tiles': u32(12) },
};
const qwen3 = { keyValueHeads: 8, headSize: 128 } as const;
const qwen3small: Language = { ...qwen3, width: 1024, blocks: 28, heads: 16, feedForward: 3072 };
const qwen3middle: Language = { ...qwen3, width: 2048, blocks: 28, heads: 16, feedForward: 6144 };
const qwen3vl: Omit<CatalogueModel, 'language'> = {
  ...{ projector: 'qwen3vl_merger', vision: internVit, imageSize: 768, patchSize: 16, merge: 2 },
};
const moondream: CatalogueModel = {
  ...{ projector: 'mlp', vision: siglip400m, imageSize: 378, patchSize: 14, projectorWidth: 8192 },
  language: { width: 2048, blocks: 24, heads: 32, keyValueHeads: 32, feedForward: 8192, matrices: 2 },
};

/** Of Gemma 4 E2B: every fifth block has heads twice as long, the last 20 no keys and values, but twice the feed-forward. */
const gemma4Weights =
  28 * 2 * 1536 * 2048 +
  7 * 2 * 1536 * 4096 +
  2 * 1536 * (12 * 256 + 3 * 512) +
  3 * 1536 * (15 * 6144 + 20 * 12_288) +
  35 * 2 * 1536 * 256;

/** By the catalogue's name. */
export const catalogueModels: Readonly<Record<string, CatalogueModel>> = {
  'obsidian-3b': {
    ...llavaTower,
    llava: '1.5',
    language: { width: 2560, blocks: 32, heads: 32, keyValueHeads: 32, feedForward: 6912 },
  },
  'smolvlm2-256m': {
    ...smolVlm,
    language: { width: 576, blocks: 30, heads: 9, keyValueHeads: 3, feedForward: 1536 },
  },
  'bakllava-7b': { ...llavaTower, llava: '1.5', language: mistral7b },
  'moondream2-q4': moondream,
  moondream2: moondream,
  'llava-1.5-7b': { ...llavaTower, llava: '1.5', language: vicuna7b },
  'llava-1.6-mistral-7b': { ...llavaTower, llava: '1.6', language: mistral7b },
  'llava-1.6-vicuna-7b': { ...llavaTower, llava: '1.6', language: vicuna7b },
  'llava-llama-3-8b': { ...llavaTower, llava: '1.5', language: mistral7b },
  'smolvlm2-500m': {
    ...smolVlm,
    language: { width: 960, blocks: 32, heads: 15, keyValueHeads: 5, feedForward: 2560 },
  },
  'lfm2-vl-450m': { ...lfm2, vision: siglipBase, language: lfm350m },
  'lfm2.5-vl-450m': { ...lfm2, vision: siglipBase, language: lfm350m },
  // Without the tower's last block.
  'lfm2-vl-1.6b': { ...lfm2, vision: { ...siglip400m, blocks: 26 }, language: lfm1b },
  'smolvlm2-2.2b': {
    ...{ projector: 'idefics3', vision: siglip400m, imageSize: 384, patchSize: 14, merge: 3 },
    language: { width: 2048, blocks: 24, heads: 32, keyValueHeads: 32, feedForward: 8192 },
    metadata: { 'clip.vision.preproc_image_size': u32(1536) },
  },
  'internvl3-1b': {
    ...internvl,
    language: { width: 896, blocks: 24, heads: 14, keyValueHeads: 2, feedForward: 4864 },
  },
  'internvl3.5-1b': { ...internvl, language: qwen3small },
  'lfm2.5-vl-1.6b': { ...lfm2, vision: siglip400m, language: lfm1b },
  'internvl3-2b': {
    ...internvl,
    language: { width: 1536, blocks: 28, heads: 12, keyValueHeads: 2, feedForward: 8960 },
  },
  'gemma-3-4b': {
    ...{ projector: 'gemma3', vision: siglip400m, imageSize: 896, patchSize: 14, merge: 4 },
    language: { width: 2560, blocks: 34, heads: 8, headSize: 256, keyValueHeads: 4, feedForward: 10_240 },
  },
  'llava-1.6-34b': {
    ...llavaTower,
    llava: '1.6',
    language: { width: 7168, blocks: 60, heads: 56, keyValueHeads: 8, feedForward: 20_480 },
  },
  'internvl3.5-2b': { ...internvl, language: qwen3middle },
  'qwen2.5-vl-3b': {
    ...{ projector: 'qwen2.5vl_merger', imageSize: 560, patchSize: 14, merge: 2 },
    vision: { width: 1280, heads: 16, feedForward: 3420, blocks: 32 },
    language: { width: 2048, blocks: 36, heads: 16, keyValueHeads: 2, feedForward: 11_008 },
  },
  'gemma-4-e2b': {
    ...{ projector: 'gemma4v', imageSize: 224, patchSize: 16, merge: 3 },
    vision: { width: 768, heads: 12, feedForward: 3072, blocks: 16 },
    language: {
      ...{ width: 1536, blocks: 35, heads: 8, headSize: 256, keyValueHeads: 1, feedForward: 6144 },
      weights: gemma4Weights,
    },
  },
  'qwen3-vl-2b': { ...qwen3vl, language: qwen3middle },
  'qwen3-vl-4b': {
    ...qwen3vl,
    language: { ...qwen3, width: 2560, blocks: 36, heads: 32, feedForward: 9728 },
  },
  'minicpm-v-4.5': {
    ...{ projector: 'resampler', vision: siglip400m, imageSize: 448, patchSize: 14 },
    language: { ...qwen3, width: 4096, blocks: 36, heads: 32, feedForward: 12_288 },
    metadata: { 'clip.minicpmv_query_num': u32(64), 'clip.minicpmv_version': i32(6) },
  },
};

/** Of all blocks' matrices. */
export function languageWeights(language: Language): number {
  const { width, blocks, heads, keyValueHeads, feedForward, matrices = 3, convolutions = 0 } = language;
  if (language.weights !== undefined) return language.weights;
  const attention = 2 * width * attentionWidthOf(language) * (1 + keyValueHeads / heads);
  // Into three parts and out of one, and the kernel of three positions.
  const convolution = 4 * width ** 2 + 3 * width;
  return (
    (blocks - convolutions) * attention + convolutions * convolution + blocks * matrices * width * feedForward
  );
}

/** Of all attention heads. */
export function attentionWidthOf({ width, heads, headSize = width / heads }: Language): number {
  return heads * headSize;
}

/** Writes files of a model's shape without data: the language model has the right width and a few blocks. */
export function writeCatalogueModel(folder: string, model: CatalogueModel): { text: string; mmproj: string } {
  const { language, vision, llava, projector } = model;
  if (llava !== undefined) {
    const { textPath, mmprojPath } = writeHollowModel(folder, {
      text: { ...language, type: 'Q8_0', contextLength: 4096 },
      vision: clipLarge,
      packing: llava,
    });
    return { text: textPath, mmproj: mmprojPath };
  }
  const { architecture = 'llama', extraTokens = [] } = projectorKinds[projector];
  // The last block takes no embeddings of a picture.
  const deepstackBlocks = 3;
  const tower = {
    width: language.width,
    heads: 8,
    feedForward: 64,
    blocks: 4,
    deepstackBlocks,
  };
  const shape: TextShape = { tower, contextLength: 4096, architecture, extraTokens };
  const text = join(folder, 'text.gguf');
  const mmproj = join(folder, 'mmproj.gguf');
  writeHollow(text, textOf(shape, null));
  const { imageSize, patchSize, merge = 1, projectorWidth, metadata } = model;
  const more = { ...(projectorWidth && { projectorWidth }), ...(metadata && { metadata }) };
  const parts = { vision, language: tower, imageSize, patchSize, merge, ...more };
  writeHollow(mmproj, mmprojOf(projector, parts, null));
  return { text, mmproj };
}

function writeHollow(
  path: string,
  { metadata, tensors }: { metadata: GgufMetadata; tensors: Readonly<Record<string, GgufTensor>> },
): void {
  const infos = Object.entries(tensors).map(([name, { shape }]): GgufTensorInfo => {
    const isMatrix = shape.length > 1 && !/position_embd|resampler\.(query|pos_embed)/.test(name);
    return { name, shape, type: isMatrix ? 'F16' : 'F32' };
  });
  const file = openSync(path, 'w');
  try {
    writeSync(file, encodeGgufHeader(metadata, infos));
    ftruncateSync(file, ggufSizeBytes(metadata, infos));
  } finally {
    closeSync(file);
  }
}
