import type { Picture, Size } from '../domain/frame.ts';
import { loadSharp } from './sharp.ts';

/** More would not help a model, and decoding takes three bytes per pixel. */
const maxPixels = 50_000_000;
/** High enough that a second compression does not affect a model. */
const jpegQuality = 92;

export type ImageType = 'image/jpeg' | 'image/png' | 'image/webp';
/** What every program that takes pictures can read. */
const portable: readonly ImageType[] = ['image/jpeg', 'image/png'];

/** An image that would take too much memory. */
export class TooManyPixels extends Error {
  override readonly name = 'TooManyPixels';
}

/** The type of a file by its first bytes; null: none of these. */
export function imageTypeOf(bytes: Uint8Array): ImageType | null {
  const starts = (magic: readonly number[], at = 0): boolean =>
    magic.every((byte, index) => bytes[at + index] === byte);
  if (starts([0xff, 0xd8, 0xff])) return 'image/jpeg';
  if (starts([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'image/png';
  // RIFF....WEBP
  return starts([0x52, 0x49, 0x46, 0x46]) && starts([0x57, 0x45, 0x42, 0x50], 8) ? 'image/webp' : null;
}

/**
 * The size of an image as a viewer shows it, read from its header without decoding.
 * @throws Error if it is a file of another type; TooManyPixels if it has more than are decoded for others.
 */
export async function imageSizeOf(bytes: Uint8Array, types = portable): Promise<Size> {
  const type = imageTypeOf(bytes);
  if (type === null || !types.includes(type)) {
    const names = types.map(
      (each) => ({ 'image/jpeg': 'JPEG', 'image/png': 'PNG', 'image/webp': 'WebP' })[each],
    );
    throw new Error(`it is not a ${names.join(' or ')} file`);
  }
  const sharp = await loadSharp();
  // libvips has a limit of its own, which would read as a fault of the file.
  const { width, height } = (await sharp(bytes, { limitInputPixels: false }).metadata()).autoOrient;
  if (width * height > maxPixels)
    throw new TooManyPixels(`it has ${width} x ${height} pixels; the maximum is ${maxPixels}`);
  return { width, height };
}

/** A picture as a JPEG or PNG file: unchanged if it is one, else (raw pixels, other formats) encoded as JPEG. */
export async function imageFileOf({ bytes, size, pixels }: Picture): Promise<Buffer> {
  const type = pixels === undefined ? imageTypeOf(bytes) : null;
  if (type !== null && portable.includes(type)) return Buffer.from(bytes);
  const sharp = await loadSharp();
  const image =
    pixels === 'rgb24' ? sharp(bytes, { raw: { ...size, channels: 3 } }) : sharp(bytes).autoOrient();
  return image.jpeg({ quality: jpegQuality }).toBuffer();
}
