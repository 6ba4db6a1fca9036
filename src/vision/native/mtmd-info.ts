import type { ModelShapes } from '../../domain/model-shapes.ts';

export interface TextInfo {
  readonly architecture: string;
  /** `general.name`, or empty. */
  readonly name: string;
  /** llama.cpp's name of the file type, e.g. "Q4_K - Medium". */
  readonly quant: string;
  /** `tokenizer.ggml.model`: "llama" is SentencePiece, "gpt2" byte pairs. */
  readonly tokenizer: string;
  /** The file's own Jinja source. */
  readonly chatTemplate: string | null;
  /** Floats of an embedding. */
  readonly width: number;
  /** 0 if it differs between blocks, as in hybrid models. */
  readonly headCount: number;
  /** Fewer than `headCount` with grouped-query attention. */
  readonly keyValueHeadCount: number;
  readonly vocabularySize: number;
  readonly trainedContextSize: number;
  /** Of the tensors. */
  readonly sizeBytes: number;
  readonly parameters: number;
  /** With `addSpecial` the tokeniser adds a begin token. */
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
  /** The text model needs two-dimensional positions for images: only `decodePicture` provides them. */
  readonly usesMrope: boolean;
  /** The text model needs non-causal attention for images: only `decodePicture` provides it. */
  readonly nonCausal: boolean;
  /** `imageMaxTokens` or `imageMaxTiles` has an effect. */
  readonly takesLimit: boolean;
  /** `encodeAttendedTile` works: LLaVA's projector, and a tower with a class token. */
  readonly hasClassAttention: boolean;
  /** Of the file. */
  readonly sizeBytes: number;
}

export interface MtmdInfo {
  readonly text: TextInfo;
  readonly vision: VisionInfo;
  readonly shapes: ModelShapes;
  readonly cpu: {
    /** The processor's name. */
    readonly name: string;
    /** Path of the loaded CPU module. */
    readonly module: string;
    /** Features that it was compiled for and the processor has, e.g. {"AVX2": "1"}. */
    readonly features: Readonly<Record<string, string>>;
  };
  /** Version of llama.cpp. */
  readonly build: string;
}
