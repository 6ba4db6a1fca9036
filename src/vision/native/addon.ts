import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// The native boundary: what native/mtmd exports. Every error it throws or rejects with has a `code`.

/** What an error of the native layer can be, as `error.code`. */
export type MtmdErrorCode =
  | 'FILE_MISSING'
  | 'FILE_UNREADABLE'
  | 'NOT_GGUF'
  | 'GGUF_CORRUPT' // the header is cut short or damaged
  | 'GGUF_TRUNCATED' // a tensor's data ends beyond the file's end
  | 'NOT_A_TEXT_MODEL' // an mmproj was given as text model
  | 'NOT_AN_MMPROJ' // a text model was given as mmproj
  | 'NO_VISION' // an mmproj without vision encoder
  | 'WIDTH_MISMATCH' // text model and mmproj do not belong together
  | 'LOAD_FAILED' // llama.cpp or libmtmd refused the file; the message has its reason
  | 'BACKEND_MISSING' // no CPU module is loaded, or none could be
  | 'BACKEND_LOADED' // another CPU module is loaded already
  | 'BUSY' // another call runs on the engine
  | 'CLOSED'
  | 'CANCELLED'
  | 'CONTEXT_FULL' // nothing was decoded
  | 'NO_WEIGHTS' // loaded with `noAlloc`
  | 'DECODE_FAILED'
  | 'ENCODE_FAILED'
  | 'TRUNCATE_FAILED' // this model's memory cannot be cut
  | 'NO_LOGITS' // the last decode asked for none, or the sequence was cut since
  | 'SAMPLE_FAILED' // the grammar allows nothing more
  | 'BAD_GRAMMAR'
  | 'BAD_TEMPLATE'
  | 'NO_TEMPLATE'
  | 'QUANTIZE_FAILED' // llama.cpp's reason is in the message
  | 'INVALID_ARGUMENT'
  | 'OUT_OF_MEMORY'
  | 'INTERNAL';

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

export interface TextInfo {
  readonly architecture: string;
  /** `general.name`, or empty. */
  readonly name: string;
  /** llama.cpp's name of the file type, e.g. "Q4_K - Medium". */
  readonly quant: string;
  /** `tokenizer.ggml.model`: "llama" is SentencePiece, "gpt2" byte pairs. */
  readonly tokenizer: string;
  /** The Jinja source the file carries. */
  readonly chatTemplate: string | null;
  /** Floats of an embedding. */
  readonly width: number;
  /** 0 where it differs from block to block, as in hybrid models. */
  readonly headCount: number;
  /** Fewer than `headCount` with grouped-query attention. */
  readonly keyValueHeadCount: number;
  readonly vocabularySize: number;
  readonly trainedContextSize: number;
  /** Of the tensors. */
  readonly sizeBytes: number;
  readonly parameters: number;
  /** The tokeniser begins a text with the begin token if asked for special tokens. */
  readonly addsBeginToken: boolean;
}

export interface VisionInfo {
  /** libmtmd's name, e.g. "mlp". */
  readonly projectorType: string;
  /** Side of the square the encoder sees, pixels. */
  readonly imageSize: number;
  /** Side of a patch, pixels. */
  readonly patchSize: number;
  readonly mergeType: 'spatial_unpad' | 'flat';
  /** [width, height] of the canvases a picture may be fitted to; empty before LLaVA-1.6. */
  readonly gridPinpoints: readonly (readonly [number, number])[];
  readonly hasImageNewline: boolean;
  /** Per colour, of values from 0 to 1. */
  readonly mean: readonly [number, number, number];
  readonly standardDeviation: readonly [number, number, number];
  /** The text model wants two-dimensional positions for images: only `decodePicture` gives them. */
  readonly usesMrope: boolean;
  /** The text model wants images to be attended to in both directions: only `decodePicture` does. */
  readonly nonCausal: boolean;
  /** `imageMaxTokens` has an effect. */
  readonly takesTokenLimit: boolean;
  /** Of the file. */
  readonly sizeBytes: number;
}

export interface MtmdInfo {
  readonly text: TextInfo;
  readonly vision: VisionInfo;
  readonly cpu: {
    /** The processor's name. */
    readonly name: string;
    /** Path of the loaded CPU module. */
    readonly module: string;
    /** What it was compiled for and the processor has, e.g. {"AVX2": "1"}. */
    readonly features: Readonly<Record<string, string>>;
  };
  /** Version of llama.cpp. */
  readonly build: string;
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

export interface QuantizeOptions {
  /** A text model or an mmproj in F32, F16 or BF16; absolute. */
  readonly inputPath: string;
  /** Overwritten; absolute. */
  readonly outputPath: string;
  /** As llama-quantize names it: Q4_0, Q4_K_M, Q5_K_M, Q6_K, Q8_0, F16 and so on. */
  readonly type: string;
  /** Default 1. */
  readonly threads?: number;
  /** Told the fraction done, at most a hundred times; 1 comes just before the promise resolves. */
  readonly onProgress?: (fraction: number) => void;
}

/** How a language model's text is written. */
export interface MtmdVocabulary {
  /**
   * Both options default to false. `addSpecial` adds the begin token where the model wants it; `parseSpecial` reads
   * special tokens that are written out in the text. SPM models put a space before each text, as they were trained.
   */
  tokenize(
    text: string,
    options?: { readonly addSpecial?: boolean; readonly parseSpecial?: boolean },
  ): Int32Array;
  /** The UTF-8 bytes of a token, which may be part of a character; of a control token nothing, save with `special`. */
  tokenToPiece(token: number, options?: { readonly special?: boolean }): Uint8Array;
  /**
   * Renders a Jinja chat template (default: the model's own) with llama.cpp's engine. A begin token that the
   * tokeniser adds itself is cut off at the start, so the result is to be tokenised with `addSpecial`.
   * @throws BAD_TEMPLATE, NO_TEMPLATE
   */
  applyChatTemplate(
    messages: readonly { readonly role: string; readonly content: string }[],
    options?: { readonly template?: string; readonly addGenerationPrompt?: boolean },
  ): string;
}

/** A text model of which nothing but the vocabulary and the metadata is loaded. */
export interface MtmdVocabularyFile extends MtmdVocabulary {
  readonly info: TextInfo;
}

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

export type MtmdLogger = (level: 'debug' | 'info' | 'warn' | 'error', text: string) => void;

export interface MtmdAddon {
  /**
   * Loads ggml's CPU module: of a folder the one that suits the processor best, or one file. Once per process.
   * @throws BACKEND_MISSING, BACKEND_LOADED
   */
  loadBackends(path: string): void;
  /** Checks both files, then loads them. @throws any of the codes up to LOAD_FAILED, BACKEND_MISSING, CANCELLED */
  load(options: LoadOptions): Promise<MtmdEngine>;
  /** Reads a text model's vocabulary and metadata. @throws the codes of a file that cannot be read, LOAD_FAILED */
  loadVocabulary(path: string): Promise<MtmdVocabularyFile>;
  /**
   * Quantises a file with llama.cpp's own quantiser. It cannot be cancelled and may abort the process: see
   * `quantizeFile`.
   * @throws QUANTIZE_FAILED, INVALID_ARGUMENT, or a code of a file that cannot be read
   */
  quantize(options: QuantizeOptions): Promise<void>;
  /** Where the native libraries' logs go; null drops them, which is the default. Once for the whole process. */
  setLogger(logger: MtmdLogger | null): void;
  /** Cancels what runs and all loads, also later ones: for a process that is about to exit. */
  cancelAll(): void;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const loaded = new Map<string, MtmdAddon>();

/**
 * Loads the addon (default: build/native/mtmd.node).
 * @throws Error that names scripts/build-native.sh if it is not built
 */
export function loadAddon(path = `${root}build/native/mtmd.node`): MtmdAddon {
  const known = loaded.get(path);
  if (known) return known;
  if (!existsSync(path)) throw new Error(`${path} is missing: build it with scripts/build-native.sh`);
  const addon = createRequire(import.meta.url)(path) as MtmdAddon;
  loaded.set(path, addon);
  // Node waits for running native work before it exits: do not let it wait for a whole picture.
  process.once('exit', () => addon.cancelAll());
  return addon;
}

/** Folder of node-llama-cpp's prebuilt libraries and CPU modules for this architecture. */
export function backendsDir(): string {
  const platform = `linux-${process.arch}`;
  return `${root}node_modules/@node-llama-cpp/${platform}/bins/${platform}`;
}
