/** The change of brightness from one picture to the next: `after = gain * before + offset`, in grey levels. */
export interface BrightnessFit {
  readonly gain: number;
  readonly offset: number;
}

export const noFit: BrightnessFit = { gain: 1, offset: 0 };

const maxPasses = 8;
/** The fit has converged when a pass moves no level by more than this, in grey levels. */
const convergedLevels = 0.1;
/** If a picture's contrast (standard deviation, grey levels) is near or below this, gain stays near 1. */
const minContrast = 2;

/**
 * The change of brightness that explains most of a picture, whatever has changed in the rest: the effect of an exposure
 * step, a lamp or a cloud. Nearly black and nearly white blocks carry little information and are skipped.
 *
 * The affine intensity normalisation of Radke et al., "Image change detection algorithms: a systematic survey",
 * IEEE Transactions on Image Processing 14(3), 2005, section III-B, fitted by iteratively reweighted least squares with
 * Cauchy weights (Holland and Welsch, "Robust regression using iteratively reweighted least-squares",
 * Communications in Statistics A6, 1977).
 *
 * @param counted 1 for each block that counts
 * @param scale a small residual, in grey levels
 */
export function fitBrightness(
  before: Uint8Array,
  after: Uint8Array,
  counted: Uint8Array,
  scale: number,
): BrightnessFit {
  const levels = new Uint8Array(2 * before.length);
  let end = 0;
  for (let block = 0; block < before.length; block++) {
    if (!counted[block] || !isExposed(before[block]!) || !isExposed(after[block]!)) continue;
    levels[end++] = before[block]!;
    levels[end++] = after[block]!;
  }
  let fit = noFit;
  for (let pass = 0; pass < maxPasses && end > 0; pass++) {
    let weights = 0;
    let sumX = 0;
    let sumY = 0;
    let sumXX = 0;
    let sumXY = 0;
    const { gain: gainBefore, offset: offsetBefore } = fit;
    for (let at = 0; at < end; at += 2) {
      const x = levels[at]!;
      const y = levels[at + 1]!;
      const residual = (y - gainBefore * x - offsetBefore) / scale;
      // The first pass is plain least squares: there are no residuals yet.
      const weight = pass === 0 ? 1 : 1 / (1 + residual * residual);
      weights += weight;
      sumX += weight * x;
      sumY += weight * y;
      sumXX += weight * x * x;
      sumXY += weight * x * y;
    }
    const meanX = sumX / weights;
    const meanY = sumY / weights;
    const hold = minContrast ** 2;
    const gain =
      (sumXY / weights - meanX * meanY + hold) / Math.max(sumXX / weights - meanX * meanX + hold, hold);
    const next = { gain, offset: meanY - gain * meanX };
    const moved = Math.abs(next.gain - fit.gain) * 255 + Math.abs(next.offset - fit.offset);
    fit = next;
    if (pass > 0 && moved < convergedLevels) break;
  }
  return fit;
}

function isExposed(level: number): boolean {
  return level > 4 && level < 251;
}
