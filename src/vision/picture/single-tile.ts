// How LLaVA-1.5 and related models lay out a picture: one square. Source: LLaVA's mm_utils.py (expand2square, image_aspect_ratio
// "pad") and CLIPImageProcessor (bicubic resize, a centre crop that cuts nothing off a square).

import type { Size } from '../../domain/frame.ts';

/** The padding's colour: the mean that the encoder subtracts, so that the padding is zero. Truncated, not rounded. */
export function paddingColour(mean: readonly number[]): readonly number[] {
  return mean.map((value) => Math.trunc(value * 255));
}

/**
 * Centres a picture in the smallest square that holds it.
 * @param rgb height x width x 3 bytes
 * @param colour red, green and blue of the padding, 0 to 255
 * @returns side x side x 3 bytes, `side` the longer side of the picture
 */
export function expandToSquare(
  rgb: Uint8Array,
  { width, height }: Size,
  colour: readonly number[],
): Uint8Array {
  if (rgb.length !== width * height * 3)
    throw new RangeError(`${rgb.length} bytes are not an RGB picture of ${width}x${height}`);
  if (width === height) return rgb;
  const side = Math.max(width, height);
  const left = Math.floor((side - width) / 2);
  const top = Math.floor((side - height) / 2);
  const square = new Uint8Array(side * side * 3);
  for (let pixel = 0; pixel < square.length; pixel += 3) square.set(colour, pixel);
  for (let y = 0; y < height; y++) {
    square.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * side + left) * 3);
  }
  return square;
}
