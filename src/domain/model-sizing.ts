import type { Detail } from './detail.ts';

/** What a model takes for a job, told by llama.cpp itself from the files' headers. Sizes in bytes. */
export interface ModelSizing {
  readonly name: string;
  readonly quant: string;
  readonly parameters: number;
  /** Of the tensors. */
  readonly textBytes: number;
  readonly mmprojBytes: number;
  /** Floats of an embedding. */
  readonly width: number;
  readonly trainedContextSize: number;
  /** Of the text model. Repacked ones are copies in the order the CPU's kernels want. */
  readonly weightsBytes: number;
  readonly repackedWeightsBytes: number;
  /** Most first; one where the model looks at every picture alike. */
  readonly details: readonly DetailSizing[];
  /** The longest text of a turn whose answer is free text, without the picture and the answer. */
  readonly freeTurnTokens: number;
  /** The longest turn whose answer has a type, without the picture and with the answer; 0: there is none. */
  readonly typedTurnTokens: number;
  /** Positions computed at once: what was asked for, or more where a picture must not be cut. */
  readonly ubatchSize: number;
  readonly contexts: readonly ContextSizing[];
}

/** What the largest of the job's pictures becomes. */
export interface DetailSizing {
  readonly detail: Detail;
  readonly imageTokens: number;
  /** Pictures the encoder computes, for LLaVA: the overview and the tiles. Null where libmtmd decides. */
  readonly squares: number | null;
  /** The vision tower's weights and graph. */
  readonly visionBytes: number;
}

export type KvType = 'f16' | 'q8_0';

/** What a context of a KV type takes: fixedBytes + bytesPerToken x its size, the graph that computes included. */
export interface ContextSizing {
  readonly kvType: KvType;
  readonly fixedBytes: number;
  readonly bytesPerToken: number;
  /** Of `bytesPerToken`, the cache's own. */
  readonly kvBytesPerToken: number;
}
