import type { MtmdInfo } from './mtmd-info.ts';
import type { MtmdVocabulary } from './mtmd-vocabulary.ts';

export interface Turn {
  /** What follows the sequence; at least one token. */
  readonly prompt: Int32Array;
  readonly sampler: SamplerOptions;
  readonly maxTokens: number;
  /** A guess of the answer, such as the last one: verified in batches, it makes the same answer come faster. */
  readonly draft?: Int32Array;
  /** Default false. */
  readonly wantsProbability?: boolean;
}

export interface TurnResult {
  /** Without the end token. */
  readonly tokens: Int32Array;
  /** The model ended its answer; else it reached `maxTokens`. */
  readonly ended: boolean;
  /**
   * The product of the tokens' probabilities, each among those that the grammar allowed there, at a temperature of 1; all
   * tokens that end the answer are one. 1 if not wanted.
   */
  readonly probability: number;
  /** Tokens of the draft that were verified, and of these the ones that the model chose too. */
  readonly drafted: number;
  readonly accepted: number;
}

export interface TurnsResult {
  /** In the order of the turns. */
  readonly turns: readonly TurnResult[];
  readonly prefillMs: number;
  readonly generateMs: number;
}

/**
 * One loaded model and one sequence of positions. Only one asynchronous call may run at a time: meanwhile a second one
 * rejects with BUSY, and methods that use the sequence throw it. After `close` all throw (or reject with) CLOSED.
 */
export interface MtmdEngine extends MtmdVocabulary {
  readonly info: MtmdInfo;
  /**
   * Positions in the sequence; grows while a decode runs. With M-RoPE a picture takes fewer positions than context
   * cells.
   */
  readonly position: number;
  /** Positions the context holds. */
  readonly contextSize: number;
  /** Positions computed at once. */
  readonly ubatchSize: number;
  /** @throws BUSY */
  readonly memory: MemoryUse;

  /** The learned separator that ends a row of patches: `width` floats, or null if the model has none. */
  imageNewline(): Float32Array | null;

  /**
   * Pillow's bicubic resize, bit-exact, as used in the models' training.
   * @param rgb height x width x 3 bytes
   * @returns toHeight x toWidth x 3 bytes
   */
  resize(
    rgb: Uint8Array,
    width: number,
    height: number,
    toWidth: number,
    toHeight: number,
  ): Promise<Uint8Array>;

  /**
   * Encodes one square.
   * @param rgb imageSize x imageSize x 3 bytes
   * @returns (imageSize / patchSize)^2 x width floats, the patches row by row
   */
  encodeTile(rgb: Uint8Array): Promise<Float32Array>;
  /** As `encodeTile`, with what the class token attends to; takes no more time. @throws NO_CLASS_ATTENTION */
  encodeAttendedTile(rgb: Uint8Array): Promise<AttendedTile>;

  isEndOfGeneration(token: number): boolean;

  /**
   * Appends tokens. With `logitsLast` (default false) the next token can be sampled. If it rejects, the sequence is
   * unchanged.
   * @throws CONTEXT_FULL, CANCELLED, DECODE_FAILED, INVALID_ARGUMENT
   */
  decodeTokens(tokens: Int32Array, options?: { readonly logitsLast?: boolean }): Promise<void>;
  /** Appends embeddings (n x width floats); otherwise like `decodeTokens`. */
  decodeEmbeddings(embeddings: Float32Array, options?: { readonly logitsLast?: boolean }): Promise<void>;
  /**
   * Appends text and a picture in libmtmd's layout for this model: slices with their separators, two-dimensional
   * positions and non-causal attention where the model needs them. Tokens are counted before anything is encoded. If it
   * rejects, the sequence is unchanged, or empty if the model's memory cannot be truncated.
   * @throws CONTEXT_FULL, ENCODE_FAILED, CANCELLED, DECODE_FAILED, INVALID_ARGUMENT
   */
  decodePicture(picture: PictureInput): Promise<PictureTokens>;
  /** Context cells that `decodePicture` needs for a picture of this size, without the text before it. */
  countPictureTokens(width: number, height: number): number;
  /** Patches of each square that `decodePicture` encodes for a picture of this size. */
  countPatches(width: number, height: number): Int32Array;
  /** Cells of the context that are not used. @throws BUSY */
  readonly freeCells: number;
  /** Max turns of one `runTurns`; 0: a recurrent or hybrid model, which cannot run any. */
  readonly maxTurns: number;
  /**
   * Continues the sequence with several turns at once: prefilled in one batch, generated side by side, each as if it were the
   * only one (save near ties, as batches round differently). Afterwards the sequence is as before.
   * @throws CONTEXT_FULL before anything is decoded, if the prompts and limits of all turns do not fit; INVALID_ARGUMENT,
   * SAMPLE_FAILED, BAD_GRAMMAR, CANCELLED, DECODE_FAILED
   */
  runTurns(turns: readonly Turn[]): Promise<TurnsResult>;

  /** Appends one token and samples the next: one step of a generation. */
  step(token: number): Promise<number>;
  /**
   * Samples from the last logits and appends, until the model ends its answer or `maxTokens` are generated; the last of
   * them is not appended. With `stopAtEnd` false (default true) an end token is a token like any other.
   * @returns as a turn does
   * @throws NO_LOGITS, SAMPLE_FAILED, CONTEXT_FULL, CANCELLED, DECODE_FAILED
   */
  generate(
    maxTokens: number,
    options?: { readonly stopAtEnd?: boolean; readonly wantsProbability?: boolean },
  ): Promise<Pick<TurnResult, 'tokens' | 'ended' | 'probability'>>;

  /** Samples from the last logits. @throws NO_LOGITS, SAMPLE_FAILED */
  sample(): number;
  /** The last logits, one for each token of the vocabulary. @throws NO_LOGITS, BUSY */
  logits(): Float32Array;
  /** Replaces the sampler and resets its state: penalised tokens, random state, position in the grammar. */
  setSampler(options: SamplerOptions): void;

  /**
   * Drops all positions from this one on. A recurrent or hybrid model can only return to the end of one of the last
   * four decodes without logits. With M-RoPE a picture cannot be split.
   * @throws INVALID_ARGUMENT, TRUNCATE_FAILED
   */
  truncate(position: number): void;
  /** Drops all positions. */
  clear(): void;

  /** Ends the running call, if any, with CANCELLED: encoding and decoding stop within a graph node. */
  cancel(): void;
  /** Cancels a running call, then frees the model. Resolves when everything is freed. Can be called twice. */
  close(): Promise<void>;
}

export interface SamplerOptions {
  /** 0 always takes the likeliest token. Default 0. */
  readonly temperature?: number;
  /** 0 is off. Default 40. */
  readonly topK?: number;
  /** 1 is off. Default 0.95. */
  readonly topP?: number;
  /** 0 is off. Default 0.05. */
  readonly minP?: number;
  /** 1 is off. Default 1. Penalises sampled tokens only, not the prompt's. */
  readonly repeatPenalty?: number;
  /** Number of last sampled tokens to penalise. Default 64. */
  readonly repeatLastN?: number;
  /** 0 to 2^31 - 1. Default 0: the same seed gives the same choices. */
  readonly seed?: number;
  /** GBNF grammar with a rule named `root` that the sampled text must follow. */
  readonly grammar?: string;
}

/** A model's memory use, in bytes. The pages of a mapped file count as weights. */
export interface MemoryUse {
  /** Of the text model, unchanged from the file. */
  readonly weightsBytes: number;
  /** Of the text model, copied into the layout that the CPU's kernels prefer. */
  readonly repackedWeightsBytes: number;
  /** The KV cache, or a recurrent model's state. */
  readonly contextBytes: number;
  /** The text model's largest graph. */
  readonly computeBytes: number;
  /** The tower's weights and graph; the graph counts from the first picture on, or with `noAlloc`. */
  readonly visionBytes: number;
}

export interface AttendedTile {
  /** The same as `encodeTile` gives. */
  readonly embeddings: Float32Array;
  /**
   * The class token's attention to each patch in the last block that runs: the mean over the heads. What the values lack of 1
   * it pays to itself.
   */
  readonly classAttention: Float32Array;
}

export interface PictureInput {
  /** Text before the picture; special tokens in it are parsed. Default: none. */
  readonly before?: string;
  /** Add the begin token if the model uses one. Default false. */
  readonly addSpecial?: boolean;
  /** height x width x 3 bytes */
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Tokens and time that a picture took. */
export interface PictureTokens {
  /** Embeddings. */
  readonly imageTokens: number;
  /** The text before the picture, and the model's tokens around the picture and its slices. */
  readonly promptTokens: number;
  readonly packMs: number;
  readonly encodeMs: number;
}
