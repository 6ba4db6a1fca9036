import { nthSmallest } from './nth-smallest.ts';

/** A mean deviation of one look from the next that is learned of a block, at most, in grey levels. */
const loudest = 6;
/** Before anything is learned. */
const assumed = 2;
/** Looks that a block's noise is averaged over. */
const memoryLooks = 128;
/** A difference counts for no more than this many times the noise known so far: an event is not noise. */
const clipFactor = 3;

/**
 * How much each block of a camera's picture differs from one look to the next while nothing happens, learned from
 * every look: sensor noise and compression everywhere, and leaves, water or a screen where they are. What happens
 * rarely is clipped; what happens again and again is learned, up to a bound that leaves strong changes visible.
 */
export class NoiseModel {
  readonly #squares: Float32Array;
  #floor = assumed;
  #looks = 0;

  constructor(blocks: number) {
    this.#squares = new Float32Array(blocks).fill(assumed ** 2);
  }

  /** The noise of the whole picture, as the standard deviation of a difference of two looks, in grey levels. */
  get floor(): number {
    return this.#floor;
  }

  /** One block's noise, never below the picture's. */
  of(block: number): number {
    return Math.max(this.#floor, Math.min(loudest, Math.sqrt(this.#squares[block]!)));
  }

  /**
   * @param differences between this look and the one before, a block each, brightness steps taken out
   * @param counted 1 for each block that tells of the whole picture's noise
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
 * The standard deviation about zero of what most counted values have in common: 1.4826 times their median magnitude (Rousseeuw
 * and Croux, "Alternatives to the median absolute deviation", JASA 88, 1993).
 */
function robustDeviation(values: Float32Array, counted: Uint8Array): number {
  const magnitudes = new Float32Array(values.length);
  let count = 0;
  for (let at = 0; at < values.length; at++) if (counted[at]) magnitudes[count++] = Math.abs(values[at]!);
  if (count === 0) return 0;
  return 1.4826 * nthSmallest(magnitudes.subarray(0, count), count >> 1);
}
