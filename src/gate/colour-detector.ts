import type { BlockMeans } from './block-means.ts';
import { type ColourFit, fitColour, noDrift } from './colour-fit.ts';
import { NoiseModel } from './noise-model.ts';

/** A block's colour differs if the difference exceeds its noise by this factor. */
const significance = 5;
/** Light that makes a block brighter or darker may change its colour too: by this share of the change of luma. */
const colouredLight = 0.5;
/** Light is uneven: this share of a drift may remain in a block, or exceed it. */
const unevenness = 0.5;
/** Colours are unreliable in blocks darker or brighter than this: sensor noise, clipped channels. */
const reliableLuma = { min: 32, max: 223 };
const unreliability = 0.5;
/** Mean drift of a colour channel that is ignored, in levels, without and with the light guard. */
const slightDrift = 10;
const guardedDrift = 32;
/** Factor by which a drift may make all colours stronger or weaker. */
const maxSaturation = 2;
/** If a larger share of the picture differs from the previous look, that was an event: its noise is not learned. */
const maxNoisyShare = 0.25;

export interface ColourOptions {
  /** A smaller difference of colour (distance in Cb and Cr, in levels) is no change. */
  readonly minContrast: number;
  /** Whether to ignore stronger drifts of colour, such as those of lamps. */
  readonly lightGuard: boolean;
}

/**
 * Finds the blocks whose colour differs, though their brightness may be the same. A drift of the colours that most of
 * the picture shares (white balance, a lamp) is removed first.
 */
export class ColourDetector {
  readonly #options: ColourOptions;
  readonly #counted: Uint8Array;
  readonly #noise: NoiseModel;

  /** @param counted 1 for each block that counts */
  constructor(options: ColourOptions, counted: Uint8Array) {
    this.#options = options;
    this.#counted = counted;
    this.#noise = new NoiseModel(counted.length);
  }

  /** Learns the noise between two consecutive looks. */
  learn(previous: BlockMeans, current: BlockMeans): void {
    const distances = new Float32Array(this.#counted.length);
    let significant = 0;
    let counted = 0;
    for (let block = 0; block < distances.length; block++) {
      const cb = current.cb[block]! - previous.cb[block]!;
      const cr = current.cr[block]! - previous.cr[block]!;
      const distance = Math.sqrt(cb * cb + cr * cr);
      distances[block] = distance;
      if (!this.#counted[block]) continue;
      counted++;
      if (distance > significance * this.#noise.of(block)) significant++;
    }
    if (significant <= maxNoisyShare * counted) this.#noise.learn(distances, this.#counted);
  }

  /** Marks with 1 the blocks of `differing` whose colour differs. */
  mark(reference: BlockMeans, current: BlockMeans, differing: Uint8Array): void {
    // Most looks show no other colour at all, so the drift is measured only if there is something to explain.
    const isSame = !this.#someDiffer(reference, current, noDrift, noDrift, null);
    if (isSame) return;
    const cb = this.#drift('cb', reference, current);
    const cr = this.#drift('cr', reference, current);
    this.#someDiffer(reference, current, cb, cr, differing);
  }

  /** @param marks where to mark all that differ; null: returns at the first */
  #someDiffer(
    reference: BlockMeans,
    current: BlockMeans,
    driftCb: ColourFit,
    driftCr: ColourFit,
    marks: Uint8Array | null,
  ): boolean {
    const { minContrast } = this.#options;
    let some = false;
    for (let block = 0; block < this.#counted.length; block++) {
      if (!this.#counted[block]) continue;
      const lumaBefore = reference.luma[block]!;
      const luma = current.luma[block]!;
      const cbBefore = reference.cb[block]!;
      const crBefore = reference.cr[block]!;
      const expectedCb = driftAt(cbBefore, lumaBefore, driftCb);
      const expectedCr = driftAt(crBefore, lumaBefore, driftCr);
      const cb = current.cb[block]! - cbBefore - expectedCb;
      const cr = current.cr[block]! - crBefore - expectedCr;
      const square = cb * cb + cr * cr;
      if (square <= minContrast * minContrast) continue;
      const unreliable = Math.max(
        0,
        reliableLuma.min - Math.min(luma, lumaBefore),
        Math.max(luma, lumaBefore) - reliableLuma.max,
      );
      const bound =
        Math.max(minContrast, significance * this.#noise.of(block)) +
        colouredLight * Math.abs(luma - lumaBefore) +
        unevenness * (Math.abs(expectedCb) + Math.abs(expectedCr)) +
        unreliability * unreliable;
      if (square <= bound * bound) continue;
      some = true;
      if (!marks) return true;
      marks[block] = 1;
    }
    return some;
  }

  /** The drift of one channel between two pictures; none if it is too strong to be ignored. */
  #drift(channel: 'cb' | 'cr', reference: BlockMeans, current: BlockMeans): ColourFit {
    const fit = fitColour(channel, reference, current, this.#counted, Math.max(2, this.#noise.floor));
    const saturation = 1 + fit.byColour;
    if (saturation < 1 / maxSaturation || saturation > maxSaturation) return noDrift;
    let sum = 0;
    for (let block = 0; block < this.#counted.length; block++) {
      sum += driftAt(reference[channel][block]!, reference.luma[block]!, fit);
    }
    const maxDrift = this.#options.lightGuard ? guardedDrift : slightDrift;
    return Math.abs(sum / this.#counted.length) <= maxDrift ? fit : noDrift;
  }
}

function driftAt(level: number, luma: number, { offset, byLuma, byColour }: ColourFit): number {
  return offset + byLuma * luma + byColour * (level - 128);
}
