import type { Picture } from '../domain/frame.ts';
import type { Gate, Look } from '../pipeline/ports.ts';
import { type BlockMeans, readBlockMeans } from './block-means.ts';
import { ChangeDetector, type DetectorOptions } from './change-detector.ts';

/** The gate of one camera: pictures in, through sharp; the decision is the ChangeDetector's. */
export class SceneGate implements Gate {
  readonly #detector: ChangeDetector;
  /** The last described picture. */
  #reference: BlockMeans | null = null;
  /** The newest picture, and what it came as where that was a file. */
  #newest: { readonly bytes: Uint8Array | null; readonly seen: BlockMeans } | null = null;

  constructor(options: DetectorOptions) {
    this.#detector = new ChangeDetector(options);
  }

  async look(picture: Picture): Promise<Look> {
    const seen = await this.#see(picture);
    return {
      compare: () => {
        const { threshold, noiseFloor } = this.#detector;
        if (!this.#reference) return { changed: false, reading: { measure: null, threshold, noiseFloor } };
        const measure = this.#detector.measure(this.#reference, seen);
        return { changed: measure > threshold, reading: { measure, threshold, noiseFloor } };
      },
      described: () => {
        this.#reference = seen;
      },
    };
  }

  /**
   * The very same file again (a folder, a snapshot address, a camera that hangs) is no second look: nothing of it must be
   * learned as noise, and it need not be decoded.
   */
  async #see(picture: Picture): Promise<BlockMeans> {
    const bytes = picture.pixels ? null : picture.bytes;
    if (bytes && this.#newest?.bytes && Buffer.compare(bytes, this.#newest.bytes) === 0)
      return this.#newest.seen;
    const seen = await readBlockMeans(picture);
    this.#detector.learn(seen);
    this.#newest = { bytes, seen };
    return seen;
  }
}
