import { createHash } from 'node:crypto';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { type SceneTruth, sceneTruth } from '../../src/camera/scene-truth.ts';
import { size } from '../../src/config/units.ts';

/** How many scenes the camera may be ahead of the last one found. */
const lookAhead = 20;

/** Redraws the scenes of a scene camera to find a picture's truth by its SHA-256. */
export class DrawnTruths {
  readonly #bySha256 = new Map<string, SceneTruth>();
  readonly #size;
  #nextSeed: number;

  constructor(firstSeed: number, sizeText: string) {
    this.#nextSeed = firstSeed;
    this.#size = size.parse(sizeText);
  }

  async find(sha256: string): Promise<SceneTruth | undefined> {
    for (let drawn = 0; !this.#bySha256.has(sha256) && drawn < lookAhead; drawn++) {
      const scene = sampleScene(this.#nextSeed++, this.#size);
      const digest = createHash('sha256')
        .update(await drawScene(scene))
        .digest('hex');
      this.#bySha256.set(digest, sceneTruth(scene));
    }
    return this.#bySha256.get(sha256);
  }
}
