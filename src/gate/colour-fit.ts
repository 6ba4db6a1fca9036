import type { BlockMeans } from './block-means.ts';

/**
 * The drift of one colour channel (Cb or Cr) from one picture to the next:
 * `after = before + offset + byLuma * luma + byColour * (before - 128)`.
 */
export interface ColourFit {
  readonly offset: number;
  readonly byLuma: number;
  readonly byColour: number;
}

export const noDrift: ColourFit = { offset: 0, byLuma: 0, byColour: 0 };

const passes = 4;
/** The drift is shared by the whole picture, so every third block is enough to measure it. */
const stride = 3;
/** Added to the spread of luma and colour, in levels: where either hardly varies, its slope stays near 0. */
const hold = 2;

/**
 * The drift of colour that explains most of a picture, whatever has changed in the rest: the effect of white balance or
 * of a lamp of another colour. Either multiplies red and blue (the model of von Kries), which moves a colour channel in
 * proportion to the luma and to the channel itself. Fitted as {@link fitBrightness} is.
 *
 * @param counted 1 for each block that counts
 * @param scale a small residual, in levels
 */
export function fitColour(
  channel: 'cb' | 'cr',
  before: BlockMeans,
  after: BlockMeans,
  counted: Uint8Array,
  scale: number,
): ColourFit {
  const { luma, [channel]: levels } = before;
  const next = after[channel];
  let fit = noDrift;
  for (let pass = 0; pass < passes; pass++) {
    const { offset, byLuma, byColour } = fit;
    let [n, sumX, sumZ, sumD, sumXX, sumXZ, sumZZ, sumXD, sumZD] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (let block = 0; block < luma.length; block += stride) {
      if (!counted[block]) continue;
      const x = luma[block]!;
      const z = levels[block]! - 128;
      const drift = next[block]! - levels[block]!;
      const residual = (drift - offset - byLuma * x - byColour * z) / scale;
      // The first pass is plain least squares: there are no residuals yet.
      const weight = pass === 0 ? 1 : 1 / (1 + residual * residual);
      n += weight;
      sumX += weight * x;
      sumZ += weight * z;
      sumD += weight * drift;
      sumXX += weight * x * x;
      sumXZ += weight * x * z;
      sumZZ += weight * z * z;
      sumXD += weight * x * drift;
      sumZD += weight * z * drift;
    }
    if (n === 0) return noDrift;
    const [meanX, meanZ, meanD] = [sumX / n, sumZ / n, sumD / n];
    const varX = sumXX / n - meanX * meanX + hold ** 2;
    const varZ = sumZZ / n - meanZ * meanZ + hold ** 2;
    const covXZ = sumXZ / n - meanX * meanZ;
    const covXD = sumXD / n - meanX * meanD;
    const covZD = sumZD / n - meanZ * meanD;
    const determinant = varX * varZ - covXZ * covXZ;
    const slopeX = (covXD * varZ - covZD * covXZ) / determinant;
    const slopeZ = (covZD * varX - covXD * covXZ) / determinant;
    fit = { offset: meanD - slopeX * meanX - slopeZ * meanZ, byLuma: slopeX, byColour: slopeZ };
  }
  return fit;
}
