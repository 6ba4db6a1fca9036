import type { Sharp } from 'sharp';
import type { Picture, Size } from '../domain/frame.ts';
import { loadSharp } from '../system/sharp.ts';

export interface JpegLimits {
  /** Wider pictures are scaled down; null: unscaled. */
  readonly maxWidth: number | null;
  /** 1 to 100. */
  readonly quality: number;
  readonly maxBytes: number;
}

export interface JpegFile {
  readonly bytes: Buffer;
  readonly size: Size;
}

/** Narrower than this, nothing is recognisable. */
const minWidth = 16;

/**
 * Encodes a picture as a JPEG file without metadata, EXIF orientation applied, scaled down until it has at most `maxBytes`;
 * null: it does not fit at any size. Rejects if the picture cannot be decoded. Works off the event loop.
 */
export async function jpegWithin(picture: Picture, limits: JpegLimits): Promise<JpegFile | null> {
  const { maxWidth, quality, maxBytes } = limits;
  let width = maxWidth ?? Number.POSITIVE_INFINITY;
  while (width >= minWidth) {
    const image = await open(picture);
    const { data, info } = await image
      .resize(Number.isFinite(width) ? { width: Math.floor(width), withoutEnlargement: true } : {})
      .toColourspace('srgb')
      .jpeg({ quality })
      .toBuffer({ resolveWithObject: true });
    if (data.length <= maxBytes) return { bytes: data, size: { width: info.width, height: info.height } };
    // A JPEG's size is roughly proportional to its pixels; at most nine tenths, so that the loop ends.
    width = info.width * Math.min(0.9, Math.sqrt(maxBytes / data.length) * 0.95);
  }
  return null;
}

async function open({ bytes, size, pixels }: Picture): Promise<Sharp> {
  const sharp = await loadSharp();
  if (pixels === 'rgb24') return sharp(bytes, { raw: { ...size, channels: 3 } });
  // JPEG has no transparency: transparent areas become black, as the model sees them.
  return sharp(bytes, { failOn: 'error' }).autoOrient().removeAlpha();
}
