import { nthSmallest } from './nth-smallest.ts';

/** Upper bound of a block's learned noise, in grey levels. */
const maxNoise = 6;
/** The noise before anything is learned. */
const initialNoise = 2;
/** Number of looks over which noise is averaged. */
const memoryLooks = 128;
/** Differences are clipped to this multiple of the noise learned so far: an event is not noise. */
const clipFactor = 3;

/**
 * How much each block of a camera's picture differs between looks while nothing happens, learned from every look:
 * sensor noise and compression everywhere, plus moving leaves, water or screens. Rare differences are clipped; frequent
 * ones are learned, up to a bound that keeps strong changes visible.
 */
export class NoiseModel {
  readonly #squares: Float32Array;
  #floor = initialNoise;
  #looks = 0;

  constructor(blocks: number) {
    this.#squares = new Float32Array(blocks).fill(initialNoise ** 2);
  }

  /** The noise of the whole picture: the standard deviation of the difference of two looks, in grey levels. */
  get floor(): number {
    return this.#floor;
  }

  /** A block's noise, at least the picture's. */
  of(block: number): number {
    return Math.max(this.#floor, Math.min(maxNoise, Math.sqrt(this.#squares[block]!)));
  }

  /**
   * @param differences between this look and the previous one, per block, brightness steps removed
   * @param counted 1 for each block that counts for the whole picture's noise
   */
  learn(differences: Float32Array, counted: Uint8Array): void {
    this.#looks++;
    const share = Math.max(1 / (this.#looks + 1), 1 / memoryLooks);
    this.#floor += (robustDeviation(differences, counted) - this.#floor) * share;
    for (let block = 0; block < differences.length; block++) {
      const bound = (clipFactor * this.of(block)) ** 2;
      const square = Math.min(differences[block]! ** 2, bound);
      this.#squares[block]! += (square - this.#squares[block]!) * share;
    }
  }
}

/**
 * A robust estimate of the standard deviation of the counted values about zero: 1.4826 times their median magnitude
 * (Rousseeuw and Croux, "Alternatives to the median absolute deviation", JASA 88, 1993).
 */
function robustDeviation(values: Float32Array, counted: Uint8Array): number {
  const magnitudes = new Float32Array(values.length);
  let count = 0;
  for (let at = 0; at < values.length; at++) if (counted[at]) magnitudes[count++] = Math.abs(values[at]!);
  if (count === 0) return 0;
  return 1.4826 * nthSmallest(magnitudes.subarray(0, count), count >> 1);
}
