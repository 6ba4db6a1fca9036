import type { Detail } from './detail.ts';
import type { ModelShapes } from './model-shapes.ts';

/** What a model needs for a job, computed by llama.cpp from the files' headers. Sizes in bytes. */
export interface ModelSizing {
  readonly name: string;
  readonly quant: string;
  /** Path of the CPU module that was loaded for it. */
  readonly cpuModule: string;
  readonly parameters: number;
  readonly shapes: ModelShapes;
  /** Of the tensors. */
  readonly textBytes: number;
  readonly mmprojBytes: number;
  /** Floats per embedding. */
  readonly width: number;
  readonly trainedContextSize: number;
  /** Of the text model. Repacked weights are copies in the layout of the CPU's kernels. */
  readonly weightsBytes: number;
  readonly repackedWeightsBytes: number;
  /** Finest first; one entry if the model has no detail levels. */
  readonly details: readonly DetailSizing[];
  /** Tokens of the longest turn with a free-text answer, without the picture and the answer; 0: no such turn. */
  readonly freeTurnTokens: number;
  /** Tokens of the longest turn with a typed answer, without the picture and with the answer; 0: no such turn. */
  readonly typedTurnTokens: number;
  /** All turns that can run side by side after one picture: for each camera, those of its questions. */
  readonly turnGroups: readonly TurnGroup[];
  /** Positions computed at once: as requested, or more if a picture must not be split. */
  readonly ubatchSize: number;
  readonly contexts: readonly ContextSizing[];
}

/** Turns after one picture. */
export interface TurnGroup {
  /** The text before the picture, all prompts and the typed answers. */
  readonly tokens: number;
  /** Free-text answers; each takes up to `max_tokens` more. */
  readonly freeAnswers: number;
  /** Pictures that are shown besides; the turns can do without them. */
  readonly earlierPictures: number;
}

/** What a picture takes. */
export interface PictureCost {
  readonly imageTokens: number;
  /** Patches of each square that the tower encodes. */
  readonly squares: readonly number[];
}

/** What a limit of image tokens is measured against, for the pictures of a job. */
export interface TokenLimitSizing {
  /** Of the largest picture, without a limit. */
  readonly wholeTokens: number;
  /** Overview and newlines, at most: with no more than these a picture is its overview alone. */
  readonly fixedTokens: number;
}

/** What the job's largest picture needs at one level of detail. */
export interface DetailSizing extends PictureCost {
  readonly detail: Detail;
  /** What it takes if only a typical change is shown closely; absent: the model cannot do that. */
  readonly changed?: PictureCost | undefined;
  /** If a limit of image tokens was asked for and has an effect at this detail; the other figures respect it. */
  readonly limit?: TokenLimitSizing | undefined;
  /** The vision tower's weights and graph. */
  readonly visionBytes: number;
}

export type KvType = 'f16' | 'q8_0';

/** Memory of a context with a KV type: fixedBytes + bytesPerToken x its size, including the compute graph. */
export interface ContextSizing {
  readonly kvType: KvType;
  readonly fixedBytes: number;
  readonly bytesPerToken: number;
  /** The cache's share of `bytesPerToken`. */
  readonly kvBytesPerToken: number;
}
