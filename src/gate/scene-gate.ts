import type { Picture } from '../domain/frame.ts';
import type { Gate, JpegBlocks, Look } from '../pipeline/ports.ts';
import { type BlockMeans, readBlockMeans } from './block-means.ts';
import { ChangeDetector, type DetectorOptions } from './change-detector.ts';

/** The gate of one camera: pictures in, decoded small; the decision is the ChangeDetector's. */
export class SceneGate implements Gate {
  readonly #detector: ChangeDetector;
  readonly #jpegBlocks: JpegBlocks | null;
  /** The last described picture. */
  #reference: BlockMeans | null = null;
  /** The newest picture, and what it came as where that was a file. */
  #newest: { readonly bytes: Uint8Array | null; readonly seen: BlockMeans } | null = null;

  /** What was measured last, unless something was learned since. */
  #measured: { readonly reference: BlockMeans; readonly seen: BlockMeans; readonly measure: number } | null =
    null;

  /** @param jpegBlocks null: all pictures are read by sharp */
  constructor(options: DetectorOptions, jpegBlocks: JpegBlocks | null = null) {
    this.#detector = new ChangeDetector(options);
    this.#jpegBlocks = jpegBlocks;
  }

  async look(picture: Picture): Promise<Look> {
    const seen = await this.#see(picture);
    return {
      compare: () => {
        const { threshold, noiseFloor } = this.#detector;
        if (!this.#reference) return { changed: false, reading: { measure: null, threshold, noiseFloor } };
        const measure = this.#measure(this.#reference, seen);
        return { changed: measure > threshold, reading: { measure, threshold, noiseFloor } };
      },
      described: () => {
        this.#reference = seen;
      },
    };
  }

  /** The measure; of the very same pictures, with nothing learned since, it is known. */
  #measure(reference: BlockMeans, seen: BlockMeans): number {
    const known = this.#measured;
    if (known?.reference === reference && known.seen === seen) return known.measure;
    const measure = this.#detector.measure(reference, seen);
    this.#measured = { reference, seen, measure };
    return measure;
  }

  /**
   * The very same file again (a folder, a snapshot address, a camera that hangs) is no second look: nothing of it must be
   * learned as noise, and it need not be decoded.
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
