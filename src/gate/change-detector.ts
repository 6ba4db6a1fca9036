import type { PictureArea } from '../domain/picture-area.ts';
import { blockArea } from './block-area.ts';
import { type BlockMeans, meanOf } from './block-means.ts';
import { type BrightnessFit, fitBrightness, noFit } from './brightness-fit.ts';
import { ColourDetector } from './colour-detector.ts';
import { largestRegion } from './largest-region.ts';
import { NoiseModel } from './noise-model.ts';
import { type Polygon, spansAt } from './polygon.ts';

export interface DetectorOptions {
  /** 0 to 100. At 50 a region of 0.5 % of the picture that differs by 8 grey levels, or 12 levels of colour, is a change. */
  readonly sensitivity: number;
  /** Zones in which changes are ignored. */
  readonly ignore: readonly Polygon[];
  /** Whether to ignore changes of light by up to a factor of 2. */
  readonly lightGuard: boolean;
}

/** A block differs if its difference exceeds its noise by this factor. */
const significance = 5;
/** Exposure steps up to this factor of brightness are ignored, without and with the light guard. */
const exposureStep = 1.15;
const guardedStep = 2;
/** Light is uneven: this share of a brightness step may remain in a block. */
const unevenness = 0.25;
/** If a larger share of the picture differs from the reference, it is another scene. */
const maxChangedShare = 0.5;
/** If a larger share of the picture differs from the previous look, that was an event: its noise is not learned. */
const maxNoisyShare = 0.25;

/**
 * Distinguishes a changed scene from noise, compression and light, on the block means of two pictures. After a change of
 * brightness is removed, a block differs if its difference is significant against its learned noise
 * (the significance test of Aach, Kaup and Mester, "Statistical model-based change detection in moving video", Signal
 * Processing 31, 1993, on block means) and large enough to matter. The measure is the largest connected region of
 * such blocks: noise, rain and snow scatter, objects do not. A {@link ColourDetector} adds the blocks in which only the
 * colour differs.
 */
export class ChangeDetector {
  readonly #options: DetectorOptions;
  /** A picture whose measure exceeds this is a change; in percent. */
  readonly threshold: number;
  readonly #minContrast: number;
  readonly #minColour: number;
  #previous: BlockMeans | null = null;
  #noise = new NoiseModel(0);
  #colour: ColourDetector | null = null;
  #counted = new Uint8Array(0);

  constructor(options: DetectorOptions) {
    this.#options = options;
    const scale = 2 ** ((50 - options.sensitivity) / 50);
    this.threshold = 0.5 * scale ** 2;
    this.#minContrast = 8 * scale;
    this.#minColour = 12 * scale;
  }

  /** Learns the noise between consecutive looks; call it with every picture, in order. */
  learn(current: BlockMeans): void {
    const previous = this.#previous;
    this.#previous = current;
    if (!previous || !sameGrid(previous, current)) {
      this.#noise = new NoiseModel(current.luma.length);
      this.#counted = countedBlocks(current, this.#options.ignore);
      const { lightGuard } = this.#options;
      this.#colour = new ColourDetector({ minContrast: this.#minColour, lightGuard }, this.#counted);
      return;
    }
    this.#colour?.learn(previous, current);
    const fit = this.#fit(previous.luma, current.luma, guardedStep);
    const differences = new Float32Array(current.luma.length);
    let significant = 0;
    let counted = 0;
    for (let block = 0; block < differences.length; block++) {
      const difference = current.luma[block]! - levelAfter(previous.luma[block]!, fit);
      differences[block] = difference;
      if (!this.#counted[block]) continue;
      counted++;
      if (Math.abs(difference) > significance * this.#noise.of(block)) significant++;
    }
    if (significant <= maxNoisyShare * counted) this.#noise.learn(differences, this.#counted);
  }

  /** In grey levels: see {@link NoiseModel}. */
  get noiseFloor(): number {
    return this.#noise.floor;
  }

  /**
   * The largest region in which `current` differs from `reference`, in percent of the picture; 100 for pictures of
   * different shapes. Call `learn` with `current` first.
   */
  measure(reference: BlockMeans, current: BlockMeans): number {
    const differing = this.#differing(reference, current);
    return differing ? (100 * largestRegion(differing, current.columns)) / differing.length : 100;
  }

  /**
   * All that differs, in small regions too; null: nothing does, or most of the picture. Call `learn` with `current` first.
   */
  changedArea(reference: BlockMeans, current: BlockMeans): PictureArea | null {
    const differing = this.#differing(reference, current);
    if (!differing) return null;
    const count = differing.reduce((sum, mark) => sum + mark, 0);
    if (count === 0 || count > maxChangedShare * differing.length) return null;
    return blockArea(differing, current.columns);
  }

  /** 1 for each block that differs; null for pictures of different shapes. */
  #differing(reference: BlockMeans, current: BlockMeans): Uint8Array | null {
    if (!sameGrid(reference, current) || current.luma.length !== this.#counted.length) return null;
    const { luma } = current;
    const fit = this.#fit(reference.luma, luma, this.#options.lightGuard ? guardedStep : exposureStep);
    const differing = new Uint8Array(luma.length);
    for (let block = 0; block < luma.length; block++) {
      const before = reference.luma[block]!;
      const expected = levelAfter(before, fit);
      const bound =
        Math.max(this.#minContrast, significance * this.#noise.of(block)) +
        unevenness * Math.abs(expected - before);
      if (this.#counted[block] && Math.abs(luma[block]! - expected) > bound) differing[block] = 1;
    }
    this.#colour?.mark(reference, current, differing);
    return differing;
  }

  /** The brightness step between two pictures; none if it exceeds `maxStep`. */
  #fit(before: Uint8Array, after: Uint8Array, maxStep: number): BrightnessFit {
    const fit = fitBrightness(before, after, this.#counted, Math.max(2, this.#noise.floor));
    const meanBefore = meanOf(before);
    // In the dark a few levels are a large factor, so levels are compared there.
    const base = Math.max(meanBefore, 32);
    const step = Math.abs(levelAfter(meanBefore, fit) - meanBefore) / base;
    const isStep = step <= maxStep - 1 && fit.gain >= 1 / maxStep && fit.gain <= maxStep;
    return isStep ? fit : noFit;
  }
}

function levelAfter(level: number, { gain, offset }: BrightnessFit): number {
  return Math.min(255, Math.max(0, gain * level + offset));
}

function sameGrid(one: BlockMeans, other: BlockMeans): boolean {
  return one.columns === other.columns && one.rows === other.rows;
}

/** 1 for each block whose centre is outside all ignored zones. */
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
