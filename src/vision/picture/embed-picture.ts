import type { Detail } from '../../domain/detail.ts';
import { EngineError } from '../../domain/errors.ts';
import type { Picture } from '../../domain/frame.ts';
import type { PictureArea } from '../../domain/picture-area.ts';
import type { MtmdEngine } from '../native/mtmd-engine.ts';
import { type CutPicture, cutTiles, planAnyres } from './anyres.ts';
import { assemble, assembleFlat } from './assemble.ts';
import { chooseAttended } from './attended-patches.ts';
import { decodePicture } from './decode-picture.ts';
import { pinpointsFor } from './detail.ts';
import {
  areaMargin,
  countOmitted,
  mapSize,
  patchBudget,
  patchesOf,
  type ShownPatches,
  shownTiles,
} from './shown-patches.ts';
import { expandToSquare, paddingColour } from './single-tile.ts';
import type { AttendSquare, EncodeSquare } from './square-encoder.ts';

/** A picture as the language model reads it: tokenCount x n_embd floats. */
export interface PictureEmbeddings {
  readonly embeddings: Float32Array;
  readonly tokenCount: number;
  /** That were left out. */
  readonly omittedTokens: number;
  readonly packMs: number;
  readonly encodeMs: number;
}

/** How much of a picture the language model is shown. */
export interface PictureOptions {
  /** Default: full. */
  readonly detail?: Detail | undefined;
  /**
   * What is shown more closely than in the overview. Default: everything. No effect where a picture is not a map with a newline
   * after each row.
   */
  readonly area?: PictureArea | undefined;
}

/** At most this many image tokens of a picture are shown, if there is a map to leave patches out of. */
export interface TokenLimit {
  readonly imageTokens: number;
  /** `encodeSquare` then has the square's embeddings. */
  readonly attendSquare: AttendSquare;
}

/**
 * Encodes a picture as in LLaVA-1.6's training: the overview, then the tiles as one map without padding, with an
 * image_newline after each row.
 * @param options with `limit`, only for models whose pictures can be limited
 * @throws EngineError BAD_PICTURE, or UNSUPPORTED_MODEL for a projector that is not LLaVA-1.6's; the signal's reason.
 */
export async function embedPicture(
  engine: MtmdEngine,
  encodeSquare: EncodeSquare,
  picture: Picture,
  signal: AbortSignal,
  { detail = 'full', area, limit }: PictureOptions & { readonly limit?: TokenLimit | undefined } = {},
): Promise<PictureEmbeddings> {
  const { gridPinpoints, imageSize } = engine.info.vision;
  if (gridPinpoints.length === 0) throw unsupported('image_grid_pinpoints');
  // Without tiles only the overview is left: the whole picture stretched to one square.
  if (pinpointsFor(detail, gridPinpoints, imageSize).length === 0) {
    return embedSquare(engine, encodeSquare, picture, 'stretch', signal);
  }
  let omittedTokens = 0;
  const embedded = await packAndEncode(
    engine,
    () => cutPicture(engine, picture, detail),
    async (cut) => {
      const { plan, overview } = cut;
      const inArea =
        area && engine.info.vision.hasImageNewline ? patchesOf(plan, area, areaMargin) : undefined;
      const shown = limit ? await limitPatches(cut, limit, inArea) : inArea;
      if (shown === 'none') {
        omittedTokens = plan.tokenCount - plan.patchesPerSide ** 2;
        return encodeSquare(overview);
      }
      omittedTokens = shown ? countOmitted(shown) : 0;
      return encodeCut(engine, encodeSquare, cut, shown);
    },
    signal,
  );
  return { ...embedded, omittedTokens };
}

/** As many of the patches as the limit allows; none: not even the newlines. */
async function limitPatches(
  cut: CutPicture,
  { imageTokens, attendSquare }: TokenLimit,
  candidates: ShownPatches | undefined,
): Promise<ShownPatches | undefined | 'none'> {
  const { rows, columns } = mapSize(cut.plan);
  const budget = patchBudget(cut.plan, imageTokens);
  if (budget < 1) return 'none';
  const wanted = rows * columns - (candidates ? countOmitted(candidates) : 0);
  return wanted <= budget ? candidates : chooseAttended(cut, budget, attendSquare, candidates);
}

/**
 * Encodes a picture as one square, padded as in LLaVA-1.5's training, or stretched.
 * @throws EngineError BAD_PICTURE; the signal's reason.
 */
export async function embedSquare(
  engine: MtmdEngine,
  encodeSquare: EncodeSquare,
  picture: Picture,
  fit: 'pad' | 'stretch',
  signal: AbortSignal,
): Promise<PictureEmbeddings> {
  return packAndEncode(engine, () => squarePicture(engine, picture, fit), encodeSquare, signal);
}

/** The picture as one square: imageSize x imageSize x 3 bytes. */
async function squarePicture(
  engine: MtmdEngine,
  picture: Picture,
  fit: 'pad' | 'stretch',
): Promise<Uint8Array> {
  const { imageSize, mean } = engine.info.vision;
  const { rgb, width, height } = await decodePicture(picture);
  if (fit === 'stretch') return engine.resize(rgb, width, height, imageSize, imageSize);
  const side = Math.max(width, height);
  const padded = expandToSquare(rgb, { width, height }, paddingColour(mean));
  return engine.resize(padded, side, side, imageSize, imageSize);
}

/** Runs and times the two steps that all layouts share. */
async function packAndEncode<Packed>(
  engine: MtmdEngine,
  pack: () => Promise<Packed>,
  encode: (packed: Packed) => Promise<Float32Array>,
  signal: AbortSignal,
): Promise<PictureEmbeddings> {
  const start = performance.now();
  const packed = await pack();
  // The engine notices an abort only while it encodes or decodes.
  signal.throwIfAborted();
  const encodeStart = performance.now();
  const embeddings = await encode(packed);
  return {
    embeddings,
    tokenCount: embeddings.length / engine.info.text.width,
    omittedTokens: 0,
    packMs: encodeStart - start,
    encodeMs: performance.now() - encodeStart,
  };
}

/** Decodes, resizes and cuts a picture. Throws like {@link embedPicture}. */
export async function cutPicture(
  engine: MtmdEngine,
  picture: Picture,
  detail: Detail = 'full',
): Promise<CutPicture> {
  const { imageSize, patchSize } = engine.info.vision;
  const gridPinpoints = pinpointsFor(detail, engine.info.vision.gridPinpoints, imageSize);
  if (gridPinpoints.length === 0) throw unsupported('image_grid_pinpoints');
  const { rgb, width, height } = await decodePicture(picture);
  const plan = planAnyres({ width, height, imageSize, patchSize, gridPinpoints });
  const overview = await engine.resize(rgb, width, height, plan.overview.width, plan.overview.height);
  const refined = await engine.resize(rgb, width, height, plan.refined.width, plan.refined.height);
  return { plan, overview, tiles: cutTiles(plan, refined) };
}

/**
 * Encodes the squares of a cut picture one by one and assembles them: tokenCount x n_embd floats, without the patches that are
 * left out.
 * @param shown no effect without a newline; default: all. Tiles of which nothing is shown are not encoded.
 */
export async function encodeCut(
  engine: MtmdEngine,
  encodeSquare: EncodeSquare,
  { plan, overview, tiles }: CutPicture,
  shown?: ShownPatches,
): Promise<Float32Array> {
  const newline = engine.imageNewline();
  // A newline is trained only with spatial_unpad; some converted files do not name the type.
  if (!newline && engine.info.vision.mergeType === 'spatial_unpad') throw unsupported('image_newline');
  const overviewEmbeddings = await encodeSquare(overview);
  const needed = newline && shown ? shownTiles(plan, shown) : null;
  const tileEmbeddings: (Float32Array | null)[] = [];
  for (const [index, tile] of tiles.entries())
    tileEmbeddings.push(needed?.[index] === false ? null : await encodeSquare(tile));
  return newline
    ? assemble(plan, overviewEmbeddings, tileEmbeddings, newline, shown)
    : assembleFlat([overviewEmbeddings, ...tileEmbeddings.filter((tile) => tile !== null)]);
}

function unsupported(missing: string): EngineError {
  return new EngineError('UNSUPPORTED_MODEL', `the projector is not LLaVA-1.6: it has no ${missing}`);
}
