export type FlashAttention = 'auto' | 'on' | 'off';

export interface LoadOptions {
  readonly textPath: string;
  readonly mmprojPath: string;
  /** Positions (tokens and image embeddings together) the context holds; llama.cpp may round it up. Default 4096. */
  readonly contextSize?: number;
  /** Most positions given to one llama_decode. Default 2048. */
  readonly batchSize?: number;
  /**
   * Most positions computed at once. Default 576: a LLaVA tile is not split. Raised by itself where a model wants a
   * whole picture at once (non-causal attention).
   */
  readonly ubatchSize?: number;
  /** Threads while generating. Default 4. */
  readonly threads?: number;
  /** Threads while encoding and prefilling. Default: `threads`. */
  readonly threadsBatch?: number;
  /** Default 'auto'. */
  readonly flashAttention?: FlashAttention;
  /** In the vision encoder. Default: `flashAttention`. */
  readonly visionFlashAttention?: FlashAttention;
  /** Type of the KV cache. Default 'f16'. */
  readonly kvType?: 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0';
  /**
   * Most embeddings a picture may become, where the model leaves a choice (`takesTokenLimit`); never raises the model's
   * own limit. Default: the model's own.
   */
  readonly imageMaxTokens?: number;
  /** Copy weights into the order the CPU's kernels want. Default true; without it less memory is touched. */
  readonly repack?: boolean;
  /** Default true. */
  readonly useMmap?: boolean;
  /** Default false. */
  readonly useMlock?: boolean;
  /**
   * Without weights, from what the files' headers say: such an engine counts tokens and tells its memory, and encodes
   * and decodes nothing (NO_WEIGHTS). What follows a file's header may then be anything, or a hole. Default false.
   */
  readonly noAlloc?: boolean;
  /** Told the fraction loaded, at most a hundred times; 1 comes just before the promise resolves. */
  readonly onProgress?: (fraction: number) => void;
}
