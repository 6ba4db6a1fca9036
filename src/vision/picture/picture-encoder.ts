import type { Detail } from '../../domain/detail.ts';
import type { Picture, Size } from '../../domain/frame.ts';
import type { MtmdEngine, PictureTokens } from '../native/mtmd-engine.ts';
import type { MtmdInfo } from '../native/mtmd-info.ts';
import { type Plan, planAnyres } from './anyres.ts';
import { decodePicture } from './decode-picture.ts';
import { lesserDetail, pinpointsFor } from './detail.ts';
import { embedPicture, embedSquare, type PictureEmbeddings } from './embed-picture.ts';

/** Puts a picture, and the text before it, into the engine's sequence. */
export interface PictureEncoder {
  /**
   * Afterwards the sequence holds `before` and the picture, and nothing else. Rejects with the native layer's coded
   * errors, BAD_PICTURE or UNSUPPORTED_MODEL, or the signal's reason. A lesser `detail` than the engine's is heeded where
   * pictures are cut here into tiles.
   */
  see(picture: Picture, before: string, signal: AbortSignal, detail?: Detail): Promise<PictureTokens>;
}

type WayOfLooking = 'anyres' | 'padded square' | 'stretched square' | 'libmtmd';

function wayOf({ text, vision }: Pick<MtmdInfo, 'text' | 'vision'>): WayOfLooking {
  if (vision.projectorType !== 'mlp' || vision.usesMrope) return 'libmtmd';
  if (vision.gridPinpoints.length > 0) return 'anyres';
  // Of the models with this projector and one square, Moondream (Phi, 378 pixels) alone was trained on stretched
  // pictures.
  return text.architecture === 'phi2' && vision.imageSize === 378 ? 'stretched square' : 'padded square';
}

/** How a model looks at pictures: LLaVA's are packed here, as it was trained; all others by libmtmd. */
export function choosePictureEncoder(engine: MtmdEngine, detail: Detail): PictureEncoder {
  const way = wayOf(engine.info);
  if (way === 'libmtmd') return new LibmtmdPictureEncoder(engine);
  if (way === 'anyres') {
    return new EmbeddingPictureEncoder(engine, (picture, signal, wanted) =>
      embedPicture(engine, picture, signal, lesserDetail(detail, wanted)),
    );
  }
  const fit = way === 'padded square' ? 'pad' : 'stretch';
  return new EmbeddingPictureEncoder(engine, (picture, signal) => embedSquare(engine, picture, fit, signal));
}

/** Whether `detail` changes how this model looks at pictures. */
export function heedsDetail(info: Pick<MtmdInfo, 'text' | 'vision'>): boolean {
  return wayOf(info) === 'anyres' || (wayOf(info) === 'libmtmd' && info.vision.takesTokenLimit);
}

/**
 * Cells of the context a picture of this size takes, without the text around it. An engine with `takesTokenLimit` must
 * have been loaded for this detail.
 */
export function countPictureTokens(engine: MtmdEngine, detail: Detail, size: Size): number {
  const { imageSize, patchSize, hasImageNewline } = engine.info.vision;
  if (wayOf(engine.info) === 'libmtmd') return engine.countPictureTokens(size.width, size.height);
  const patches = (imageSize / patchSize) ** 2;
  const plan = planOf(engine.info, detail, size);
  if (!plan) return patches;
  return hasImageNewline ? plan.tokenCount : patches * (1 + plan.tiles.length);
}

/** Squares that are encoded for a picture of this size; null where libmtmd lays pictures out. */
export function countSquares({ info }: MtmdEngine, detail: Detail, size: Size): number | null {
  return wayOf(info) === 'libmtmd' ? null : 1 + (planOf(info, detail, size)?.tiles.length ?? 0);
}

/** How a picture is cut into tiles; null where it is not. */
function planOf(info: MtmdEngine['info'], detail: Detail, size: Size): Plan | null {
  const { imageSize, patchSize, gridPinpoints } = info.vision;
  const offered = wayOf(info) === 'anyres' ? pinpointsFor(detail, gridPinpoints, imageSize) : [];
  return offered.length === 0 ? null : planAnyres({ ...size, imageSize, patchSize, gridPinpoints: offered });
}

type Embed = (picture: Picture, signal: AbortSignal, detail?: Detail) => Promise<PictureEmbeddings>;

/** Pictures that become one run of embeddings. The text before them stays in the KV cache from picture to picture. */
export class EmbeddingPictureEncoder implements PictureEncoder {
  readonly #engine: MtmdEngine;
  readonly #embed: Embed;
  /** The text that stands before every picture, while its KV is still there. */
  #prefix: { readonly text: string; readonly position: number } | null = null;

  constructor(engine: MtmdEngine, embed: Embed) {
    this.#engine = engine;
    this.#embed = embed;
  }

  async see(picture: Picture, before: string, signal: AbortSignal, detail?: Detail): Promise<PictureTokens> {
    const { embeddings, tokenCount, packMs, encodeMs } = await this.#embed(picture, signal, detail);
    signal.throwIfAborted();
    const promptTokens = await this.#prefillPrefix(before);
    await this.#engine.decodeEmbeddings(embeddings);
    return { imageTokens: tokenCount, promptTokens, packMs, encodeMs };
  }

  /** Rolls the KV back to the end of the text before the picture, and puts that text there where it is not yet. */
  async #prefillPrefix(text: string): Promise<number> {
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

/** Pictures as libmtmd lays them out: slices and their delimiters, M-RoPE, non-causal attention. */
class LibmtmdPictureEncoder implements PictureEncoder {
  readonly #engine: MtmdEngine;

  constructor(engine: MtmdEngine) {
    this.#engine = engine;
  }

  async see(picture: Picture, before: string, signal: AbortSignal): Promise<PictureTokens> {
    const start = performance.now();
    const pixels = await decodePicture(picture);
    signal.throwIfAborted();
    const decodeMs = performance.now() - start;
    // The text before is not kept from picture to picture: it is short, and some models align a picture to it.
    this.#engine.clear();
    const tokens = await this.#engine.decodePicture({ ...pixels, before, addSpecial: true });
    return { ...tokens, packMs: tokens.packMs + decodeMs };
  }
}

/** Drops all positions from this one on; false where the model's memory cannot be cut there. */
export function tryTruncate(engine: MtmdEngine, position: number): boolean {
  try {
    engine.truncate(position);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'TRUNCATE_FAILED') return false;
    throw error;
  }
}
