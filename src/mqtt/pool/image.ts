import sharp from 'sharp';
import type { Picture, Size } from '../../domain/frame.ts';

/** What a model is not shown any better, and what decoding takes three bytes each of. */
const mostPixels = 50_000_000;
/** High enough that a second compression is not seen by a model. */
const jpegQuality = 92;

/** A JPEG or PNG file by its first bytes; null: neither. */
export function imageTypeOf(bytes: Uint8Array): 'image/jpeg' | 'image/png' | null {
  const starts = (magic: readonly number[]): boolean => magic.every((byte, index) => bytes[index] === byte);
  if (starts([0xff, 0xd8, 0xff])) return 'image/jpeg';
  if (starts([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'image/png';
  return null;
}

/**
 * The size of an image as a viewer shows it, from its header alone: nothing is decoded.
 * @throws Error for what is no JPEG or PNG file, and for more pixels than a worker decodes.
 */
export async function imageSizeOf(bytes: Uint8Array): Promise<Size> {
  if (!imageTypeOf(bytes)) throw new Error('it is no JPEG or PNG file');
  const { width, height } = (await sharp(bytes).metadata()).autoOrient;
  if (width * height > mostPixels)
    throw new Error(`it has ${width} x ${height} pixels; a worker takes at most ${mostPixels}`);
  return { width, height };
}

/** A picture as a file that workers take: as it is, or, where it is bare pixels or something else, as a JPEG. */
export async function imageFileOf({ bytes, size, pixels }: Picture): Promise<Buffer> {
  if (pixels === undefined && imageTypeOf(bytes)) return Buffer.from(bytes);
  const image =
    pixels === 'rgb24' ? sharp(bytes, { raw: { ...size, channels: 3 } }) : sharp(bytes).autoOrient();
  return image.jpeg({ quality: jpegQuality }).toBuffer();
}
