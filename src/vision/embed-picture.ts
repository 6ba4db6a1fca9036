import sharp from 'sharp';
import { EngineError, messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { MtmdEngine } from './addon.ts';
import { assemble, cutTiles, planAnyres } from './packing.ts';

/** A picture as the language model reads it: tokenCount x n_embd floats. */
export interface PictureEmbeddings {
  readonly embeddings: Float32Array;
  readonly tokenCount: number;
  readonly packMs: number;
  readonly encodeMs: number;
}

/**
 * Decodes a picture and encodes it the way LLaVA-1.6 was trained: the overview, then the tiles as one map
 * without padding, with an image_newline after each row.
 * @throws EngineError BAD_PICTURE, or UNSUPPORTED_MODEL for a projector that is not LLaVA-1.6's.
 */
export async function embedPicture(engine: MtmdEngine, picture: Picture): Promise<PictureEmbeddings> {
  const { imageSize, patchSize, gridPinpoints } = engine.info.vision;
  const newline = engine.imageNewline();
  if (gridPinpoints.length === 0 || !newline) {
    throw new EngineError(
      'UNSUPPORTED_MODEL',
      'the projector is not LLaVA-1.6 (it has no image_grid_pinpoints or no image_newline)',
    );
  }
  const start = performance.now();
  const { data: rgb, width, height } = await decode(picture.bytes);
  const plan = planAnyres({ width, height, imageSize, patchSize, gridPinpoints });
  const overview = await engine.resize(rgb, width, height, imageSize, imageSize);
  const refined = await engine.resize(rgb, width, height, plan.refined.width, plan.refined.height);
  const tiles = cutTiles(plan, refined);
  const packed = performance.now();
  const overviewEmbeddings = await engine.encodeTile(overview);
  const tileEmbeddings: Float32Array[] = [];
  for (const tile of tiles) tileEmbeddings.push(await engine.encodeTile(tile));
  const encoded = performance.now();
  const embeddings = assemble(plan, overviewEmbeddings, tileEmbeddings, newline);
  const assembleMs = performance.now() - encoded;
  return {
    embeddings,
    tokenCount: plan.tokenCount,
    packMs: packed - start + assembleMs,
    encodeMs: encoded - packed,
  };
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
