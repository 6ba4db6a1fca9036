import sharp, { type Sharp } from 'sharp';
import type { Picture } from '../domain/frame.ts';

export interface JpegLimits {
  /** Wider pictures are made smaller; null: as they come. */
  readonly mostWidth: number | null;
  /** 1 to 100. */
  readonly quality: number;
  readonly mostBytes: number;
}

/** Smaller than this, nothing can be seen any more. */
const leastWidth = 16;

/**
 * A picture as a JPEG file without any metadata, turned as its EXIF orientation says. Where the file would have more than
 * `mostBytes`, the picture is made smaller until it fits; null: it does not fit at any size. Rejects where the picture
 * cannot be decoded. Works off the event loop.
 */
export async function jpegWithin(picture: Picture, limits: JpegLimits): Promise<Buffer | null> {
  const { mostWidth, quality, mostBytes } = limits;
  let width = mostWidth ?? Number.POSITIVE_INFINITY;
  while (width >= leastWidth) {
    const { data, info } = await open(picture)
      .resize(Number.isFinite(width) ? { width: Math.floor(width), withoutEnlargement: true } : {})
      .toColourspace('srgb')
      .jpeg({ quality })
      .toBuffer({ resolveWithObject: true });
    if (data.length <= mostBytes) return data;
    // The size of a JPEG follows the number of its pixels, roughly; at most nine tenths, so that this ends.
    width = info.width * Math.min(0.9, Math.sqrt(mostBytes / data.length) * 0.95);
  }
  return null;
}

function open({ bytes, size, pixels }: Picture): Sharp {
  if (pixels === 'rgb24') return sharp(bytes, { raw: { ...size, channels: 3 } });
  // A JPEG has no transparency: what shows through is black, as the model sees it.
  return sharp(bytes, { failOn: 'error' }).autoOrient().removeAlpha();
}
