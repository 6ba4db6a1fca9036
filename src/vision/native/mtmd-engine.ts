import type { MtmdInfo } from './mtmd-info.ts';
import type { MtmdVocabulary } from './mtmd-vocabulary.ts';

/**
 * One loaded model and one sequence of positions. One asynchronous call runs at a time: a second one rejects with
 * BUSY, and so do the methods that touch the sequence. After `close` all throw (or reject with) CLOSED.
 */
export interface MtmdEngine extends MtmdVocabulary {
  readonly info: MtmdInfo;
  /**
   * Positions in the sequence; grows while a decode runs. With M-RoPE a picture takes fewer positions than the context
   * needs cells for it.
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
   * Pillow's bicubic resize, exact to the bit, as the models were trained with.
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

  isEndOfGeneration(token: number): boolean;

  /**
   * Appends tokens. With `logitsLast` (default false) the next token can be sampled. Whatever it rejects with, the
   * sequence is then as it was before the call.
   * @throws CONTEXT_FULL, CANCELLED, DECODE_FAILED, INVALID_ARGUMENT
   */
  decodeTokens(tokens: Int32Array, options?: { readonly logitsLast?: boolean }): Promise<void>;
  /** Appends embeddings (n x width floats); else like `decodeTokens`. */
  decodeEmbeddings(embeddings: Float32Array, options?: { readonly logitsLast?: boolean }): Promise<void>;
  /**
   * Appends text and a picture the way libmtmd lays pictures out for this model: cut into slices with what stands
   * between them, with two-dimensional positions and non-causal attention where the model wants them. Counted before
   * anything is encoded. Whatever it rejects with, the sequence is then as it was before the call, or empty where the
   * model's memory cannot be cut.
   * @throws CONTEXT_FULL, ENCODE_FAILED, CANCELLED, DECODE_FAILED, INVALID_ARGUMENT
   */
  decodePicture(picture: PictureInput): Promise<PictureTokens>;
  /** Cells of the context that `decodePicture` takes for a picture of this size, without text before it. */
  countPictureTokens(width: number, height: number): number;
  /** Appends one token and samples the next: one round trip of a generation. */
  step(token: number): Promise<number>;

  /** Samples from the last logits. @throws NO_LOGITS, SAMPLE_FAILED */
  sample(): number;
  /** Replaces the sampler, and with it its memory: what it penalises, its random state, its place in the grammar. */
  setSampler(options: SamplerOptions): void;

  /**
   * Drops all positions from this one on. The memory of a recurrent or hybrid model can only return to where one of the
   * last four decodes without logits ended. With M-RoPE no picture can be cut in two.
   * @throws INVALID_ARGUMENT, TRUNCATE_FAILED
   */
  truncate(position: number): void;
  /** Drops all positions. */
  clear(): void;

  /** Ends the running call, if there is one, with CANCELLED: encoding and decoding stop within a graph node. */
  cancel(): void;
  /** Frees the model; a running call is cancelled first. Resolves when all is freed. May be called again. */
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
  /** 1 is off. Default 1. Only sampled tokens are penalised, never the prompt's. */
  readonly repeatPenalty?: number;
  /** Sampled tokens the penalty looks back on. Default 64. */
  readonly repeatLastN?: number;
  /** 0 to 2^31 - 1. Default 0: the same seed gives the same choices. */
  readonly seed?: number;
  /** GBNF grammar with a rule named `root` that the sampled text must follow. */
  readonly grammar?: string;
}

/** What a model takes of the memory, in bytes. The pages of a file that is mapped count as weights. */
export interface MemoryUse {
  /** Of the text model, as they lie in the file. */
  readonly weightsBytes: number;
  /** Of the text model, copied into the order the CPU's kernels want. */
  readonly repackedWeightsBytes: number;
  /** The KV cache, or what a recurrent model has instead. */
  readonly contextBytes: number;
  /** The text model's largest graph. */
  readonly computeBytes: number;
  /** The vision tower's weights and graph; the graph is there from the first picture on, or with `noAlloc`. */
  readonly visionBytes: number;
}

export interface PictureInput {
  /** Text that stands before the picture; special tokens in it are read. Default: none. */
  readonly before?: string;
  /** Begin with the begin token where the model wants it. Default false. */
  readonly addSpecial?: boolean;
  /** height x width x 3 bytes */
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What a picture cost. */
export interface PictureTokens {
  /** Embeddings. */
  readonly imageTokens: number;
  /** The text before the picture, and what the model wants around the picture and its parts. */
  readonly promptTokens: number;
  readonly packMs: number;
  readonly encodeMs: number;
}
