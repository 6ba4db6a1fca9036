import type { Picture } from '../domain/frame.ts';
import { loadSharp } from '../system/sharp.ts';

/** How a picture is turned: rotated clockwise by `rotation` degrees, then mirrored. */
export interface Turn {
  readonly rotation: 0 | 90 | 180 | 270;
  /** horizontal swaps left and right, vertical top and bottom. */
  readonly flip: 'none' | 'horizontal' | 'vertical' | 'both';
}

/**
 * The picture turned, as raw pixels; itself if there is nothing to turn. An EXIF mark would be cheaper, but code that
 * ignores it (a privacy mask above all) would see the picture the wrong way round.
 */
export async function turnPicture(picture: Picture, { rotation, flip }: Turn): Promise<Picture> {
  if (rotation === 0 && flip === 'none') return picture;
  const { bytes, size, pixels } = picture;
  const sharp = await loadSharp();
  const image = sharp(bytes, pixels ? { raw: { ...size, channels: 3 } } : { failOn: 'error' }).removeAlpha();
  // sharp mirrors before it rotates: for a quarter turn the two mirror axes swap.
  const isQuarterTurn = rotation === 90 || rotation === 270;
  const across = flip === 'horizontal' || flip === 'both';
  const upright = flip === 'vertical' || flip === 'both';
  const { data, info } = await image
    .flop(isQuarterTurn ? upright : across)
    .flip(isQuarterTurn ? across : upright)
    .rotate(rotation)
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { ...picture, bytes: data, pixels: 'rgb24', size: { width: info.width, height: info.height } };
}
