import type { Picture, Size } from '../../domain/frame.ts';
import { loadSharp } from '../../system/sharp.ts';

/** More would not help a model, and decoding takes three bytes per pixel. */
const maxPixels = 50_000_000;
/** High enough that a second compression does not affect a model. */
const jpegQuality = 92;

/** The type of a file by its first bytes; null: neither JPEG nor PNG. */
export function imageTypeOf(bytes: Uint8Array): 'image/jpeg' | 'image/png' | null {
  const starts = (magic: readonly number[]): boolean => magic.every((byte, index) => bytes[index] === byte);
  if (starts([0xff, 0xd8, 0xff])) return 'image/jpeg';
  if (starts([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'image/png';
  return null;
}

/**
 * The size of an image as a viewer shows it, read from its header without decoding.
 * @throws Error if it is not a JPEG or PNG file, or has more pixels than a worker board decodes.
 */
export async function imageSizeOf(bytes: Uint8Array): Promise<Size> {
  if (!imageTypeOf(bytes)) throw new Error('it is not a JPEG or PNG file');
  const sharp = await loadSharp();
  const { width, height } = (await sharp(bytes).metadata()).autoOrient;
  if (width * height > maxPixels)
    throw new Error(`it has ${width} x ${height} pixels; the maximum is ${maxPixels}`);
  return { width, height };
}

/** A picture as a JPEG or PNG file: unchanged if it is one, else (raw pixels, other formats) encoded as JPEG. */
export async function imageFileOf({ bytes, size, pixels }: Picture): Promise<Buffer> {
  if (pixels === undefined && imageTypeOf(bytes)) return Buffer.from(bytes);
  const sharp = await loadSharp();
  const image =
    pixels === 'rgb24' ? sharp(bytes, { raw: { ...size, channels: 3 } }) : sharp(bytes).autoOrient();
  return image.jpeg({ quality: jpegQuality }).toBuffer();
}
