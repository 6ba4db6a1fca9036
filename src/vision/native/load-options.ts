export type FlashAttention = 'auto' | 'on' | 'off';

export interface LoadOptions {
  readonly textPath: string;
  readonly mmprojPath: string;
  /** Positions (tokens and image embeddings together) the context holds; llama.cpp may round it up. Default 4096. */
  readonly contextSize?: number;
  /** Max positions given to one llama_decode. Default 2048. */
  readonly batchSize?: number;
  /**
   * Max positions computed at once. Default 576: a LLaVA tile is not split. Raised automatically for models that need
   * a whole picture at once (non-causal attention).
   */
  readonly ubatchSize?: number;
  /** Threads while generating. Default 4. */
  readonly threads?: number;
  /** Threads while encoding and prefilling. Default: `threads`. */
  readonly threadsBatch?: number;
  /** Compute on fewer threads while other processes keep CPUs busy. Default true. */
  readonly limitThreads?: boolean;
  /**
   * How long idle threads spin before they sleep, from 0 (default) to 100. Spinning saves a tenth of a millisecond a token
   * on an idle machine and costs far more on a busy one.
   */
  readonly poll?: number;
  /** Default 'auto'. */
  readonly flashAttention?: FlashAttention;
  /** In the vision encoder. Default: `flashAttention`. */
  readonly visionFlashAttention?: FlashAttention;
  /** Type of the KV cache. Default 'f16'. */
  readonly kvType?: 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0';
  /**
   * Max embeddings of a picture, where the model allows a limit (`takesLimit`); never raises the model's own
   * limit. Default: the model's own.
   */
  readonly imageMaxTokens?: number;
  /**
   * Max tiles of a picture besides its overview, for models that cut it into tiles (`takesLimit`); 1: the picture without
   * tiles. Never raises the model's own limit. Default: the model's own.
   */
  readonly imageMaxTiles?: number;
  /** Copy weights into the layout that the CPU's kernels prefer. Default true; false uses less memory. */
  readonly repack?: boolean;
  /** Default true. */
  readonly useMmap?: boolean;
  /** Default false. */
  readonly useMlock?: boolean;
  /**
   * Load only the files' headers: such an engine counts tokens and reports its memory, but cannot encode or decode
   * (NO_WEIGHTS). The data after a file's header is not read. Default false.
   */
  readonly noAlloc?: boolean;
  /** Called with the fraction loaded, at most a hundred times; with 1 just before the promise resolves. */
  readonly onProgress?: (fraction: number) => void;
}
