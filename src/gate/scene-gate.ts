import type { Picture } from '../domain/frame.ts';
import type { Gate, JpegBlocks, Look } from '../pipeline/ports.ts';
import { type BlockMeans, readBlockMeans } from './block-means.ts';
import { ChangeDetector, type DetectorOptions } from './change-detector.ts';
import { PictureCheck, type PictureCheckOptions } from './picture-check.ts';

/** The gate of one camera: decodes pictures to block means and leaves the decision to a ChangeDetector. */
export class SceneGate implements Gate {
  readonly #detector: ChangeDetector;
  readonly #jpegBlocks: JpegBlocks | null;
  readonly #check: PictureCheck | null;
  /** The last described picture. */
  #reference: BlockMeans | null = null;
  /** The newest picture, with its bytes if it was a file. */
  #newest: { readonly bytes: Uint8Array | null; readonly seen: BlockMeans } | null = null;

  /** The last measurement; null once the detector has learned from a newer picture. */
  #measured: { readonly reference: BlockMeans; readonly seen: BlockMeans; readonly measure: number } | null =
    null;

  /**
   * @param jpegBlocks null: sharp decodes all pictures
   * @param check null: the pictures are drawn and have no problems
   */
  constructor(
    options: DetectorOptions,
    jpegBlocks: JpegBlocks | null = null,
    check: PictureCheckOptions | null = null,
  ) {
    this.#detector = new ChangeDetector(options);
    this.#jpegBlocks = jpegBlocks;
    this.#check = check && new PictureCheck(check);
  }

  async look(picture: Picture): Promise<Look> {
    const seen = await this.#see(picture);
    return {
      problem: this.#check?.check(seen) ?? null,
      compare: () => {
        const { threshold, noiseFloor } = this.#detector;
        if (!this.#reference) return { changed: false, reading: { measure: null, threshold, noiseFloor } };
        const measure = this.#measure(this.#reference, seen);
        return { changed: measure > threshold, reading: { measure, threshold, noiseFloor } };
      },
      changedArea: () => this.#reference && this.#detector.changedArea(this.#reference, seen),
      described: () => {
        this.#reference = seen;
      },
    };
  }

  /** The measure; cached for the same pictures if nothing was learned since. */
  #measure(reference: BlockMeans, seen: BlockMeans): number {
    const known = this.#measured;
    if (known?.reference === reference && known.seen === seen) return known.measure;
    const measure = this.#detector.measure(reference, seen);
    this.#measured = { reference, seen, measure };
    return measure;
  }

  /**
   * The same file again (from a folder, a snapshot address, a hung camera) is not a new look: it must not be learned as
   * noise, and need not be decoded.
   */
  async #see(picture: Picture): Promise<BlockMeans> {
    const bytes = picture.pixels ? null : picture.bytes;
    if (bytes && this.#newest?.bytes && Buffer.compare(bytes, this.#newest.bytes) === 0)
      return this.#newest.seen;
    const seen = await readBlockMeans(picture, this.#jpegBlocks);
    this.#detector.learn(seen);
    this.#measured = null;
    this.#newest = { bytes, seen };
    return seen;
  }
}
