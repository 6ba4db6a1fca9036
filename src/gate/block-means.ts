import type { Picture, Size } from '../domain/frame.ts';
import type { JpegBlocks } from '../pipeline/ports.ts';
import { loadSharp, sharpFault } from '../system/sharp.ts';

/** A picture reduced to the means of each block of a grid, row by row, as JPEG's Y, Cb and Cr (0 to 255). */
export interface BlockMeans {
  readonly columns: number;
  readonly rows: number;
  /** Brightness. */
  readonly luma: Uint8Array;
  /** Colour: the shares of blue and red. Both are 128 where there is none. */
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
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
  const planes = isJpeg(picture) ? await jpegBlocks?.(picture.bytes, picture.size, grid) : null;
  const means = planes ?? (await readWithSharp(picture, grid));
  const blocks = grid.columns * grid.rows;
  const plane = (index: number): Uint8Array => means.subarray(index * blocks, (index + 1) * blocks);
  return { ...grid, luma: plane(0), cb: plane(1), cr: plane(2) };
}

function isJpeg({ bytes, pixels }: Picture): boolean {
  return pixels === undefined && bytes[0] === 0xff && bytes[1] === 0xd8;
}

async function readWithSharp(
  { bytes, size, pixels }: Picture,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  // Converted here, after scaling: libvips would convert all pixels before it scales.
  const { data, info } = await sharp(
    bytes,
    pixels === 'rgb24' ? { raw: { ...size, channels: 3 } } : { failOn: 'error' },
  )
    .autoOrient()
    .resize(columns, rows, { fit: 'fill', kernel: 'linear' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new Error(sharpFault(cause), { cause });
    });
  return planesOf(data, info.channels);
}

export function gridOf({ width, height }: Size): { columns: number; rows: number } {
  const blockSide = Math.max(width, height) / blocksAlong;
  return {
    columns: Math.max(1, Math.round(width / blockSide)),
    rows: Math.max(1, Math.round(height / blockSide)),
  };
}

/** JPEG's Y, Cb and Cr (Rec. 601, full range), one after the other, of RGB or grey pixels. */
function planesOf(data: Uint8Array, channels: number): Uint8Array {
  const blocks = data.length / channels;
  const planes = new Uint8Array(3 * blocks).fill(128);
  if (channels < 3) {
    for (let block = 0; block < blocks; block++) planes[block] = data[block * channels]!;
    return planes;
  }
  for (let block = 0, at = 0; block < blocks; block++, at += channels) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    planes[block] = luma + 0.5;
    planes[blocks + block] = Math.min(255, 128.5 + (blue - luma) / 1.772);
    planes[2 * blocks + block] = Math.min(255, 128.5 + (red - luma) / 1.402);
  }
  return planes;
}

export function meanOf(levels: Uint8Array): number {
  let sum = 0;
  for (let block = 0; block < levels.length; block++) sum += levels[block]!;
  return sum / levels.length;
}
