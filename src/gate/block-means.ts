import type { Picture, Size } from '../domain/frame.ts';
import type { JpegBlocks } from '../pipeline/ports.ts';
import { loadSharp } from '../system/sharp.ts';

/** A picture reduced to the mean brightness (0 to 255) of each block of a grid, row by row. */
export interface BlockMeans {
  readonly columns: number;
  readonly rows: number;
  readonly means: Uint8Array;
}

/** Blocks along the longer side: at 1280x720 a block is 20x20 pixels, and 2 % of the picture is 46 blocks. */
const blocksAlong = 64;

/**
 * Reads a picture's block means, off the event loop. A JPEG is decoded at an eighth of its size, which is the mean of
 * each 8x8 square and takes a fraction of the time; by `jpegBlocks` if it accepts the file. The EXIF orientation is
 * applied. Rejects if the picture cannot be decoded.
 */
export async function readBlockMeans(
  picture: Picture,
  jpegBlocks: JpegBlocks | null = null,
): Promise<BlockMeans> {
  const grid = gridOf(picture.size);
  const means = isJpeg(picture) ? await jpegBlocks?.(picture.bytes, picture.size, grid) : null;
  return { ...grid, means: means ?? (await readWithSharp(picture, grid)) };
}

function isJpeg({ bytes, pixels }: Picture): boolean {
  return pixels === undefined && bytes[0] === 0xff && bytes[1] === 0xd8;
}

async function readWithSharp(
  { bytes, size, pixels }: Picture,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  // Converted to grey here, after scaling: libvips would convert all pixels before it scales.
  const { data, info } = await sharp(
    bytes,
    pixels === 'rgb24' ? { raw: { ...size, channels: 3 } } : { failOn: 'error' },
  )
    .autoOrient()
    .resize(columns, rows, { fit: 'fill', kernel: 'linear' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return lumaOf(data, info.channels);
}

export function gridOf({ width, height }: Size): { columns: number; rows: number } {
  const blockSide = Math.max(width, height) / blocksAlong;
  return {
    columns: Math.max(1, Math.round(width / blockSide)),
    rows: Math.max(1, Math.round(height / blockSide)),
  };
}

/** Rec. 601 luma, rounded; the value itself for one-channel pixels. */
function lumaOf(data: Uint8Array, channels: number): Uint8Array {
  if (channels < 3) return Uint8Array.from(data);
  const luma = new Uint8Array(data.length / channels);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += channels) {
    luma[pixel] = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]! + 0.5;
  }
  return luma;
}
