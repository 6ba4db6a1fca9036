import { bool, type GgufTensor, type GgufValue, i32, text, u32 } from './gguf-writer.ts';
import type { TextShape, TowerShape } from './random-text.ts';
import { around, matrix, type Random } from './random-weights.ts';

// What tells the mmproj files of libmtmd's projectors apart: metadata, and tensors outside the tower's blocks.

export type Projector =
  | 'mlp'
  | 'mlp_norm'
  | 'ldpv2'
  | 'idefics3'
  | 'gemma3'
  | 'gemma4v'
  | 'qwen2.5vl_merger'
  | 'qwen3vl_merger'
  | 'internvl'
  | 'pixtral'
  | 'lfm2'
  | 'resampler';

/** The shape of a model with a projector. */
export interface ProjectorShape {
  readonly vision: TowerShape;
  readonly language: TowerShape;
  readonly imageSize: number;
  readonly patchSize: number;
  /** Patches along a side that become one token. */
  readonly merge: number;
  /** Between the projector's two matrices. Default: the language model's width. */
  readonly projectorWidth?: number;
  /** Other values than the kind's, such as SmolVLM's longest edge. */
  readonly metadata?: Readonly<Record<string, GgufValue>>;
}

type Tensors = Record<string, GgufTensor>;

export interface ProjectorKind {
  readonly architecture?: TextShape['architecture'];
  readonly extraTokens?: readonly string[];
  readonly metadata?: (shape: ProjectorShape) => Readonly<Record<string, GgufValue>>;
  /** The tower's tensors outside its blocks, and how its blocks differ from SigLIP's. */
  readonly parts: readonly ('class' | 'position' | 'postNorm' | 'gate' | 'secondPatch' | 'oneMatrix')[];
  /** The position embeddings' shape, without their width. Default: one for each patch of `imageSize`. */
  readonly positions?: readonly number[];
  /** `random` null: shapes only. */
  readonly project: (random: Random | null, shape: ProjectorShape) => Tensors;
}

const mergedOf = ({ vision, merge }: ProjectorShape): number => vision.width * merge ** 2;
const scaleFactor = ({ merge }: ProjectorShape): Record<string, GgufValue> => ({
  'clip.vision.projector.scale_factor': u32(merge),
});
const lastBlock = ({ vision }: ProjectorShape): Record<string, GgufValue> => ({
  'clip.vision.feature_layer': i32([vision.blocks]),
});

/** The block of Qwen3-VL's tower whose output goes to the language model's first block too. */
export const deepstackBlock = 1;

export const projectorKinds: Readonly<Record<Projector, ProjectorKind>> = {
  // LLaVA-1.5; without a class token, where llama-mtmd-cli and we agree.
  mlp: {
    metadata: lastBlock,
    parts: ['position'],
    project: (random, { vision, language, projectorWidth = language.width }) => ({
      ...linear(random, 'mm.0', projectorWidth, vision.width),
      ...linear(random, 'mm.2', language.width, projectorWidth),
    }),
  },
  // Yi-VL: the file says mlp, and libmtmd recognises it by its tensors.
  mlp_norm: {
    metadata: (shape) => ({ ...lastBlock(shape), 'clip.projector_type': text('mlp') }),
    parts: ['position'],
    project: (random, { vision, language }) => ({
      ...linear(random, 'mm.0', language.width, vision.width),
      ...norm(random, 'mm.1', language.width),
      ...linear(random, 'mm.3', language.width, language.width),
      ...norm(random, 'mm.4', language.width),
    }),
  },
  // MobileVLM: libmtmd computes it for 24 x 24 patches only.
  ldpv2: {
    metadata: lastBlock,
    parts: ['position'],
    project: (random, { vision, language }) => ({
      ...linear(random, 'mm.model.mlp.0', language.width, vision.width),
      ...linear(random, 'mm.model.mlp.2', language.width, language.width),
      'mm.model.peg.0.weight': {
        ...matrix(random, language.width, 9),
        shape: [language.width, 1, 3, 3],
        type: 'f16',
      },
      'mm.model.peg.0.bias': around(random, language.width, 0),
    }),
  },
  // SmolVLM: slices of imageSize, the whole picture last, a token before each.
  idefics3: {
    extraTokens: ['\n', '\n\n', '<fake_token_around_image>', '<global-img>', ...cells('<row_%r_col_%c>')],
    metadata: scaleFactor,
    parts: ['position', 'postNorm'],
    project: (random, shape) => ({
      'mm.model.fc.weight': matrix(random, shape.language.width, mergedOf(shape)),
    }),
  },
  gemma3: {
    extraTokens: ['<start_of_image>', '<end_of_image>'],
    metadata: scaleFactor,
    parts: ['position', 'postNorm'],
    project: (random, { vision, language }) => ({
      'mm.input_projection.weight': matrix(random, vision.width, language.width),
      'mm.soft_emb_norm.weight': around(random, vision.width, 1),
    }),
  },
  // One table of positions for rows, one for columns.
  gemma4v: {
    extraTokens: ['<|image>', '<image|>'],
    metadata: scaleFactor,
    parts: ['position', 'gate'],
    positions: [2, 64],
    project: (random, { vision, language }) => ({
      'mm.input_projection.weight': matrix(random, language.width, vision.width),
    }),
  },
  'qwen2.5vl_merger': {
    architecture: 'qwen2vl',
    extraTokens: ['<|vision_start|>', '<|vision_end|>'],
    metadata: () => ({
      'clip.vision.n_wa_pattern': u32(2),
      'clip.use_silu': bool(true),
      'clip.use_gelu': bool(false),
    }),
    parts: ['gate', 'postNorm', 'secondPatch'],
    project: (random, shape) => ({
      ...linear(random, 'mm.0', mergedOf(shape), mergedOf(shape)),
      ...linear(random, 'mm.2', shape.language.width, mergedOf(shape)),
    }),
  },
  qwen3vl_merger: {
    architecture: 'qwen3vl',
    extraTokens: ['<|vision_start|>', '<|vision_end|>'],
    metadata: ({ merge }) => ({ 'clip.vision.spatial_merge_size': u32(merge) }),
    parts: ['position', 'postNorm', 'secondPatch', 'oneMatrix'],
    project: (random, shape) => {
      const merged = mergedOf(shape);
      const { deepstackBlocks = 1 } = shape.language;
      const deepstack = Array.from(
        { length: deepstackBlocks },
        (_, at) => `v.deepstack.${at + deepstackBlock}`,
      );
      return {
        'v.patch_embd.bias': around(random, shape.vision.width, 0),
        ...linear(random, 'mm.0', merged, merged),
        ...linear(random, 'mm.2', shape.language.width, merged),
        ...Object.assign(
          {},
          ...deepstack.map((name) => ({
            ...norm(random, `${name}.norm`, merged),
            ...linear(random, `${name}.fc1`, merged, merged),
            ...linear(random, `${name}.fc2`, shape.language.width, merged),
          })),
        ),
      };
    },
  },
  internvl: {
    extraTokens: ['<img>', '</img>'],
    metadata: scaleFactor,
    parts: ['class', 'position'],
    project: (random, shape) => ({
      ...norm(random, 'mm.model.mlp.0', mergedOf(shape)),
      ...linear(random, 'mm.model.mlp.1', shape.language.width, mergedOf(shape)),
      ...linear(random, 'mm.model.mlp.3', shape.language.width, shape.language.width),
    }),
  },
  pixtral: {
    extraTokens: ['[IMG_END]'],
    parts: ['gate'],
    project: (random, { vision, language }) => ({
      ...linear(random, 'mm.1', language.width, vision.width),
      ...linear(random, 'mm.2', language.width, language.width),
      'v.token_embd.img_break': around(random, language.width, 0, 1),
    }),
  },
  lfm2: {
    architecture: 'lfm2',
    extraTokens: [
      ...['<|image_start|>', '<|image_end|>', '<|img_thumbnail|>'],
      ...cells('<|img_row_%r_col_%c|>'),
    ],
    metadata: scaleFactor,
    parts: ['position', 'postNorm'],
    project: (random, shape) => {
      const { language, projectorWidth = language.width } = shape;
      return {
        ...linear(random, 'mm.1', projectorWidth, mergedOf(shape)),
        ...linear(random, 'mm.2', language.width, projectorWidth),
      };
    },
  },
  // MiniCPM-V 4.5: an attention of a few queries over a slice's patches. Its heads have 128 numbers.
  resampler: {
    extraTokens: ['\n', '<image>', '</image>', '<slice>', '</slice>'],
    metadata: () => ({ 'clip.minicpmv_version': i32(6), 'clip.minicpmv_query_num': u32(8) }),
    parts: ['position', 'postNorm'],
    positions: [70 ** 2],
    project: (random, { vision, language: { width }, metadata }) => ({
      'resampler.pos_embed_k': matrix(random, 1, width),
      'resampler.query': matrix(random, Number(metadata?.['clip.minicpmv_query_num']?.value ?? 8), width, 1),
      'resampler.proj.weight': matrix(random, width, width),
      'resampler.kv.weight': matrix(random, width, vision.width),
      ...Object.assign(
        {},
        ...['q', 'k', 'v', 'out'].map((part) => linear(random, `resampler.attn.${part}`, width, width)),
      ),
      ...Object.assign({}, ...['q', 'kv', 'post'].map((part) => norm(random, `resampler.ln_${part}`, width))),
    }),
  },
};

export function linear(random: Random | null, name: string, outputs: number, inputs: number): Tensors {
  return {
    [`${name}.weight`]: matrix(random, outputs, inputs),
    [`${name}.bias`]: around(random, outputs, 0),
  };
}

export function norm(random: Random | null, name: string, width: number): Tensors {
  return { [`${name}.weight`]: around(random, width, 1), [`${name}.bias`]: around(random, width, 0) };
}

/** A token for each cell of a grid of slices. */
function cells(pattern: string): string[] {
  const sides = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  return sides.flatMap((row) =>
    sides.map((column) => pattern.replace('%r', `${row}`).replace('%c', `${column}`)),
  );
}
