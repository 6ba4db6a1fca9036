import sharp from 'sharp';
import { EngineError, messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { MtmdEngine } from './addon.ts';
import { assemble, cutTiles, type Plan, planAnyres } from './packing.ts';

/** A picture as the language model reads it: tokenCount x n_embd floats. */
export interface PictureEmbeddings {
  readonly embeddings: Float32Array;
  readonly tokenCount: number;
  readonly packMs: number;
  readonly encodeMs: number;
}

/** A picture cut the way LLaVA-1.6 looks at it: RGB, imageSize x imageSize x 3 bytes each. */
export interface CutPicture {
  readonly plan: Plan;
  readonly overview: Uint8Array;
  readonly tiles: readonly Uint8Array[];
}

/**
 * Encodes a picture the way LLaVA-1.6 was trained: the overview, then the tiles as one map without padding, with an
 * image_newline after each row.
 * @throws EngineError BAD_PICTURE, or UNSUPPORTED_MODEL for a projector that is not LLaVA-1.6's.
 */
export async function embedPicture(engine: MtmdEngine, picture: Picture): Promise<PictureEmbeddings> {
  const start = performance.now();
  const cut = await cutPicture(engine, picture);
  const packed = performance.now();
  const embeddings = await encodeCut(engine, cut);
  const encodeMs = performance.now() - packed;
  return { embeddings, tokenCount: cut.plan.tokenCount, packMs: packed - start, encodeMs };
}

/** Decodes, resizes and cuts a picture. Throws like {@link embedPicture}. */
export async function cutPicture(engine: MtmdEngine, picture: Picture): Promise<CutPicture> {
  const { imageSize, patchSize, gridPinpoints } = engine.info.vision;
  if (gridPinpoints.length === 0) throw unsupported('image_grid_pinpoints');
  const { data: rgb, width, height } = await decode(picture.bytes);
  const plan = planAnyres({ width, height, imageSize, patchSize, gridPinpoints });
  const overview = await engine.resize(rgb, width, height, plan.overview.width, plan.overview.height);
  const refined = await engine.resize(rgb, width, height, plan.refined.width, plan.refined.height);
  return { plan, overview, tiles: cutTiles(plan, refined) };
}

/** Encodes the squares of a cut picture one by one, and puts them together: tokenCount x n_embd floats. */
export async function encodeCut(
  engine: MtmdEngine,
  { plan, overview, tiles }: CutPicture,
): Promise<Float32Array> {
  const newline = engine.imageNewline();
  if (!newline) throw unsupported('image_newline');
  const overviewEmbeddings = await engine.encodeTile(overview);
  const tileEmbeddings: Float32Array[] = [];
  for (const tile of tiles) tileEmbeddings.push(await engine.encodeTile(tile));
  return assemble(plan, overviewEmbeddings, tileEmbeddings, newline);
}

function unsupported(missing: string): EngineError {
  return new EngineError('UNSUPPORTED_MODEL', `the projector is not LLaVA-1.6: it has no ${missing}`);
}

/** Encoded picture to RGB, height x width x 3 bytes, turned as its EXIF orientation says. */
async function decode(bytes: Uint8Array): Promise<{ data: Uint8Array; width: number; height: number }> {
  try {
    const image = sharp(bytes, { failOn: 'error' }).autoOrient().removeAlpha().toColourspace('srgb');
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch (cause) {
    throw new EngineError('BAD_PICTURE', `the picture cannot be decoded: ${messageOf(cause)}`, { cause });
  }
}
