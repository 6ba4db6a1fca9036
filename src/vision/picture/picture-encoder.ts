import type { Detail } from '../../domain/detail.ts';
import { codeOf } from '../../domain/errors.ts';
import type { Picture } from '../../domain/frame.ts';
import type { MtmdEngine, PictureInput, PictureTokens } from '../native/mtmd-engine.ts';
import type { MtmdInfo } from '../native/mtmd-info.ts';
import { decodePicture } from './decode-picture.ts';
import { lowerDetail } from './detail.ts';
import { embedPicture, embedSquare, type PictureEmbeddings, type PictureOptions } from './embed-picture.ts';
import { takesSeveralPictures } from './several-pictures.ts';
import { type AttendSquare, type EncodeSquare, SquareEncoder } from './square-encoder.ts';

/** Encodes a picture, and prefills it and the text before it into the engine's sequence. */
export interface PictureEncoder {
  /**
   * Afterwards the sequence holds only `before` and the picture. Options have an effect with LLaVA-1.6 models only, and a
   * `detail` only if it is lower than the engine's. Rejects with the native layer's coded errors, BAD_PICTURE or
   * UNSUPPORTED_MODEL, or the signal's reason.
   */
  encode(
    picture: Picture,
    before: string,
    signal: AbortSignal,
    options?: EncodeOptions,
  ): Promise<EncodedPicture>;
  /** Prefills text without a picture: afterwards the sequence holds only `before`. @returns its tokens */
  prefill(before: string): Promise<number>;
  /** Encodes one more picture and appends it to the sequence; rejects as `encode`. Absent: the model takes one. */
  append?(picture: Picture, signal: AbortSignal): Promise<EncodedPicture>;
}

export interface EncodeOptions extends PictureOptions {
  /** Called when the picture has been encoded, and is prefilled next. Never called where libmtmd does both. */
  readonly onEncoded?: (() => void) | undefined;
}

export interface EncodedPicture extends PictureTokens {
  /** Image tokens that were left out: beyond the limit, or because they show nothing of the picture's area. */
  readonly omittedTokens: number;
}

/** Who lays out a picture's embeddings, and how. */
type Layout = 'anyres' | 'padded square' | 'stretched square' | 'libmtmd';

export function layoutOf({ text, vision }: Pick<MtmdInfo, 'text' | 'vision'>): Layout {
  if (vision.projectorType !== 'mlp' || vision.usesMrope) return 'libmtmd';
  if (vision.gridPinpoints.length > 0) return 'anyres';
  // Of the models with this projector and one square, only Moondream (Phi, 378 pixels) was trained on stretched
  // pictures.
  return text.architecture === 'phi2' && vision.imageSize === 378 ? 'stretched square' : 'padded square';
}

/** Whether this model's pictures are cut into squares here, all of one size, and not by libmtmd. */
export function encodesSquares(info: Pick<MtmdInfo, 'text' | 'vision'>): boolean {
  return layoutOf(info) !== 'libmtmd';
}

/**
 * The encoder for a model: LLaVA's layouts are made here, as in training; all others by libmtmd.
 * @param maxTokens image tokens of a picture; no effect unless the model `limitsTokens`. Default: all that it takes.
 */
export function choosePictureEncoder(
  engine: MtmdEngine,
  detail: Detail,
  maxTokens: number | null = null,
): PictureEncoder {
  const layout = layoutOf(engine.info);
  if (layout === 'libmtmd') return new LibmtmdPictureEncoder(engine);
  if (layout === 'anyres') {
    const isLimited = maxTokens !== null && limitsTokens(engine.info);
    return new EmbeddingPictureEncoder(engine, (encodeSquare, picture, signal, options, attendSquare) =>
      embedPicture(engine, encodeSquare, picture, signal, {
        ...options,
        detail: lowerDetail(detail, options?.detail),
        ...(isLimited && { limit: { imageTokens: maxTokens, attendSquare } }),
      }),
    );
  }
  const fit = layout === 'padded square' ? 'pad' : 'stretch';
  return new EmbeddingPictureEncoder(engine, (encodeSquare, picture, signal) =>
    embedSquare(engine, encodeSquare, picture, fit, signal),
  );
}

/** Whether `detail` has an effect with this model. */
export function usesDetail(info: Pick<MtmdInfo, 'text' | 'vision'>): boolean {
  const layout = layoutOf(info);
  return layout === 'anyres' || (layout === 'libmtmd' && info.vision.takesLimit);
}

/** Whether an `area` of a picture has an effect with this model: its pictures are maps with a newline after each row. */
export function showsAreas(info: Pick<MtmdInfo, 'text' | 'vision'>): boolean {
  return layoutOf(info) === 'anyres' && info.vision.hasImageNewline;
}

/** Whether a limit of image tokens has an effect with this model: there is a map, and a class token that says what is in it. */
export function limitsTokens(info: Pick<MtmdInfo, 'text' | 'vision'>): boolean {
  return showsAreas(info) && info.vision.hasClassAttention;
}

type Embed = (
  encodeSquare: EncodeSquare,
  picture: Picture,
  signal: AbortSignal,
  options: PictureOptions | undefined,
  attendSquare: AttendSquare,
) => Promise<PictureEmbeddings>;

/** For pictures that become one run of embeddings. Keeps the text before them in the KV cache from picture to picture. */
export class EmbeddingPictureEncoder implements PictureEncoder {
  readonly #engine: MtmdEngine;
  readonly #embed: Embed;
  readonly #squares: SquareEncoder;
  /** The text before the last picture, while its KV is valid. */
  #prefix: { readonly text: string; readonly position: number } | null = null;

  constructor(engine: MtmdEngine, embed: Embed) {
    this.#engine = engine;
    this.#embed = embed;
    this.#squares = new SquareEncoder(engine);
  }

  async encode(
    picture: Picture,
    before: string,
    signal: AbortSignal,
    options?: EncodeOptions,
  ): Promise<EncodedPicture> {
    const encodeSquare: EncodeSquare = (rgb) => this.#squares.encode(rgb, signal);
    const attendSquare: AttendSquare = (rgb) => this.#squares.attend(rgb, signal);
    try {
      const embedded = await this.#embed(encodeSquare, picture, signal, options, attendSquare);
      const { embeddings, tokenCount, omittedTokens, packMs, encodeMs } = embedded;
      signal.throwIfAborted();
      options?.onEncoded?.();
      const promptTokens = await this.prefill(before);
      signal.throwIfAborted();
      await this.#engine.decodeEmbeddings(embeddings);
      return { imageTokens: tokenCount, omittedTokens, promptTokens, packMs, encodeMs };
    } finally {
      this.#squares.endPicture(signal.aborted);
    }
  }

  /** Rolls the KV back to the end of the text before the picture; prefills that text if it has changed. */
  async prefill(text: string): Promise<number> {
    const tokens = this.#engine.tokenize(text, { addSpecial: true, parseSpecial: true });
    if (this.#returnToPrefix(text)) return tokens.length;
    this.#prefix = null;
    this.#engine.clear();
    if (tokens.length > 0) await this.#engine.decodeTokens(tokens, { logitsLast: false });
    this.#prefix = { text, position: this.#engine.position };
    return tokens.length;
  }

  #returnToPrefix(text: string): boolean {
    if (this.#prefix?.text !== text || this.#engine.position < this.#prefix.position) return false;
    return tryTruncate(this.#engine, this.#prefix.position);
  }
}

/** For pictures that libmtmd lays out: slices and their delimiters, M-RoPE, non-causal attention. */
class LibmtmdPictureEncoder implements PictureEncoder {
  readonly #engine: MtmdEngine;
  readonly append?: NonNullable<PictureEncoder['append']>;

  constructor(engine: MtmdEngine) {
    this.#engine = engine;
    if (takesSeveralPictures(engine.info.vision))
      this.append = (picture, signal) => this.#decode(picture, {}, signal);
  }

  async encode(picture: Picture, before: string, signal: AbortSignal): Promise<EncodedPicture> {
    // The text before the picture is not kept: it is short, and some models align a picture to it.
    this.#engine.clear();
    return this.#decode(picture, { before, addSpecial: true }, signal);
  }

  async prefill(before: string): Promise<number> {
    const tokens = this.#engine.tokenize(before, { addSpecial: true, parseSpecial: true });
    this.#engine.clear();
    if (tokens.length > 0) await this.#engine.decodeTokens(tokens, { logitsLast: false });
    return tokens.length;
  }

  async #decode(
    picture: Picture,
    text: Pick<PictureInput, 'before' | 'addSpecial'>,
    signal: AbortSignal,
  ): Promise<EncodedPicture> {
    const start = performance.now();
    const pixels = await decodePicture(picture);
    signal.throwIfAborted();
    const decodeMs = performance.now() - start;
    const tokens = await this.#engine.decodePicture({ ...pixels, ...text });
    return { ...tokens, omittedTokens: 0, packMs: tokens.packMs + decodeMs };
  }
}

/** Drops all positions from this one on; false if the model's memory cannot be truncated there. */
export function tryTruncate(engine: MtmdEngine, position: number): boolean {
  try {
    engine.truncate(position);
    return true;
  } catch (error) {
    if (codeOf(error) === 'TRUNCATE_FAILED') return false;
    throw error;
  }
}
