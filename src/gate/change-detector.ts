import type { BlockMeans } from './block-means.ts';
import { type BrightnessFit, fitBrightness, noFit } from './brightness-fit.ts';
import { largestRegion } from './largest-region.ts';
import { NoiseModel } from './noise-model.ts';
import { type Polygon, spansAt } from './polygon.ts';

export interface DetectorOptions {
  /** 0 to 100. At 50 a region of 0.5 % of the picture that differs by 8 grey levels is a change. */
  readonly sensitivity: number;
  /** Where nothing counts. */
  readonly ignore: readonly Polygon[];
  /** Whether light that comes on, or goes by up to a half, is no change. */
  readonly lightGuard: boolean;
}

/** A block differs where its difference is beyond so many times its noise. */
const significance = 5;
/** Steps of exposure that are never a change, as a factor of brightness; and with the light guard. */
const exposureStep = 1.15;
const guardedStep = 2;
/** Light falls unevenly: of a step of brightness, so much may be left over in a block. */
const unevenness = 0.25;
/** Where more of the picture differs from the look before, that was an event: nothing is learned from it. */
const mostNoisy = 0.25;

/**
 * Tells a changed scene from noise, compression and light, on the block means of two pictures. After a change of
 * brightness is taken out, a block differs if its difference is significant against the noise that was learned of it
 * (the significance test of Aach, Kaup and Mester, "Statistical model-based change detection in moving video", Signal
 * Processing 31, 1993, on block means) and large enough to matter. The measure is the largest connected region of
 * such blocks: noise, rain and snow scatter, things do not.
 *
 * Knows only brightness: a thing of another colour, but just as bright as what was behind it, is not seen.
 */
export class ChangeDetector {
  readonly #options: DetectorOptions;
  /** The measure beyond which a picture is a change, in percent. */
  readonly threshold: number;
  readonly #leastContrast: number;
  #previous: BlockMeans | null = null;
  #noise = new NoiseModel(0);
  #counted = new Uint8Array(0);

  constructor(options: DetectorOptions) {
    this.#options = options;
    const scale = 2 ** ((50 - options.sensitivity) / 50);
    this.threshold = 0.5 * scale ** 2;
    this.#leastContrast = 8 * scale;
  }

  /** Learns the noise from one look to the next: to be called with every picture, in order. */
  learn(current: BlockMeans): void {
    const previous = this.#previous;
    this.#previous = current;
    if (!previous || !sameGrid(previous, current)) {
      this.#noise = new NoiseModel(current.means.length);
      this.#counted = countedBlocks(current, this.#options.ignore);
      return;
    }
    const fit = this.#fit(previous.means, current.means, guardedStep);
    const differences = new Float32Array(current.means.length);
    let significant = 0;
    let counted = 0;
    for (let block = 0; block < differences.length; block++) {
      const difference = current.means[block]! - levelAfter(previous.means[block]!, fit);
      differences[block] = difference;
      if (!this.#counted[block]) continue;
      counted++;
      if (Math.abs(difference) > significance * this.#noise.of(block)) significant++;
    }
    if (significant <= mostNoisy * counted) this.#noise.learn(differences, this.#counted);
  }

  /** In grey levels: see {@link NoiseModel}. */
  get noiseFloor(): number {
    return this.#noise.floor;
  }

  /**
   * The largest region in which `current`, which was learned from, differs from `reference`, in percent of the picture.
   * Pictures of different shapes differ altogether.
   */
  measure(reference: BlockMeans, current: BlockMeans): number {
    if (!sameGrid(reference, current) || current.means.length !== this.#counted.length) return 100;
    const { means, columns } = current;
    const fit = this.#fit(reference.means, means, this.#options.lightGuard ? guardedStep : exposureStep);
    const differing = new Uint8Array(means.length);
    for (let block = 0; block < means.length; block++) {
      const before = reference.means[block]!;
      const expected = levelAfter(before, fit);
      const bound =
        Math.max(this.#leastContrast, significance * this.#noise.of(block)) +
        unevenness * Math.abs(expected - before);
      if (this.#counted[block] && Math.abs(means[block]! - expected) > bound) differing[block] = 1;
    }
    return (100 * largestRegion(differing, columns)) / means.length;
  }

  /** The brightness step between two pictures; none where it is beyond `largestStep`. */
  #fit(before: Uint8Array, after: Uint8Array, largestStep: number): BrightnessFit {
    const fit = fitBrightness(before, after, this.#counted, Math.max(2, this.#noise.floor));
    const meanBefore = meanOf(before);
    // In the dark a few levels are a large factor: what matters there is the levels.
    const base = Math.max(meanBefore, 32);
    const step = Math.abs(levelAfter(meanBefore, fit) - meanBefore) / base;
    const isStep = step <= largestStep - 1 && fit.gain >= 1 / largestStep && fit.gain <= largestStep;
    return isStep ? fit : noFit;
  }
}

function meanOf(levels: Uint8Array): number {
  let sum = 0;
  for (let block = 0; block < levels.length; block++) sum += levels[block]!;
  return sum / levels.length;
}

function levelAfter(level: number, { gain, offset }: BrightnessFit): number {
  return Math.min(255, Math.max(0, gain * level + offset));
}

function sameGrid(one: BlockMeans, other: BlockMeans): boolean {
  return one.columns === other.columns && one.rows === other.rows;
}

/** 1 for each block whose centre lies in no ignored zone. */
function countedBlocks({ columns, rows }: BlockMeans, ignore: readonly Polygon[]): Uint8Array<ArrayBuffer> {
  const counted = new Uint8Array(columns * rows).fill(1);
  for (const zone of ignore) {
    for (let row = 0; row < rows; row++) {
      for (const [from, to] of spansAt(zone, (row + 0.5) / rows)) {
        const first = Math.max(0, Math.ceil(from * columns - 0.5));
        const end = Math.min(columns, Math.ceil(to * columns - 0.5));
        if (first < end) counted.fill(0, row * columns + first, row * columns + end);
      }
    }
  }
  return counted;
}
