import { CameraError } from '../domain/errors.ts';
import type { Picture, Size } from '../domain/frame.ts';
import { loadSharp, sharpFault } from '../system/sharp.ts';

/** How a picture is turned: by its EXIF orientation, clockwise by `rotation` degrees, mirrored, then scaled down. */
export interface Turn {
  readonly rotation: 0 | 90 | 180 | 270;
  /** horizontal swaps left and right, vertical top and bottom. */
  readonly flip: 'none' | 'horizontal' | 'vertical' | 'both';
  /** Larger pictures are scaled down to fit, keeping their aspect ratio; default: unscaled. */
  readonly maxSize?: Size | null;
}

/**
 * The picture turned, as raw pixels; itself if there is nothing to turn. An EXIF mark would be cheaper, but code that
 * ignores it (a privacy mask above all) would see the picture the wrong way round. Rejects if it cannot be decoded.
 */
export async function turnPicture(picture: Picture, { rotation, flip, maxSize }: Turn): Promise<Picture> {
  const { bytes, size, pixels } = picture;
  const isQuarterTurn = rotation === 90 || rotation === 270;
  const turned = isQuarterTurn ? { width: size.height, height: size.width } : size;
  const isTooLarge = maxSize && (turned.width > maxSize.width || turned.height > maxSize.height);
  if (rotation === 0 && flip === 'none' && !isTooLarge) return picture;
  const sharp = await loadSharp();
  const image = sharp(bytes, pixels ? { raw: { ...size, channels: 3 } } : { failOn: 'error' })
    .autoOrient()
    .removeAlpha();
  // sharp mirrors before it rotates: for a quarter turn the two mirror axes swap.
  const across = flip === 'horizontal' || flip === 'both';
  const upright = flip === 'vertical' || flip === 'both';
  image
    .flop(isQuarterTurn ? upright : across)
    .flip(isQuarterTurn ? across : upright)
    .rotate(rotation);
  if (isTooLarge) image.resize({ ...maxSize, fit: 'inside' });
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { ...picture, bytes: data, pixels: 'rgb24', size: { width: info.width, height: info.height } };
}

/** The picture of an IP camera, rotated and scaled as configured. Rejects with a CameraError if it cannot be decoded. */
export async function fitPicture(
  picture: Picture,
  { rotation, size }: { readonly rotation: Turn['rotation']; readonly size: Size | null },
): Promise<Picture> {
  try {
    return await turnPicture(picture, { rotation, flip: 'none', maxSize: size });
  } catch (cause) {
    throw new CameraError(`damaged: the picture cannot be decoded: ${sharpFault(cause)}`, { cause });
  }
}
