import sharp from 'sharp';
import { type SceneRandom, sceneRandom } from '../../src/camera/scene-random.ts';
import type { Picture, Size } from '../../src/domain/frame.ts';

export interface ViewOptions {
  readonly size: Size;
  /** The standard deviation of each pixel's and channel's noise at mid-grey. */
  readonly noise: number;
  /** JPEG quality. */
  readonly quality: number;
  /** How strong the colours of the scene are, in levels of Cb and Cr. Default: 20. */
  readonly colours?: number;
}

/** An object that came into view: an ellipse or a box with its own texture. */
export interface Thing {
  readonly shape: 'box' | 'ellipse';
  /** Left, top, width, height in pixels; it may lie partly outside. */
  readonly box: readonly [x: number, y: number, width: number, height: number];
  /** Difference of its mean from the mean of the area it covers, in grey levels. */
  readonly contrast: number;
  /** The same for its colour, in levels of Cb and Cr. Default: it has the colours of the area it covers. */
  readonly colour?: readonly [cb: number, cr: number];
}

/** The effect of light on a level (0 to 255) at a place (0 to 1 from the left). */
export type Light = (level: number, x: number) => number;

/** Factors of red, green and blue at a place (0 to 1 from the left), as white balance and coloured lamps have. */
export type Balance = (x: number) => readonly [red: number, green: number, blue: number];

interface Levels {
  readonly luma: Float32Array;
  /** Around 0. */
  readonly cb: Float32Array;
  readonly cr: Float32Array;
}

interface FrameOptions {
  readonly thing?: Thing;
  readonly light?: Light;
  readonly balance?: Balance;
}

const tileLength = 1 << 20;
let tile: Int8Array | null = null;

/** Precomputed standard normal noise, times 24: drawing a million numbers for each frame takes too long. */
function noiseTile(): Int8Array {
  if (tile) return tile;
  const random = sceneRandom(7);
  tile = new Int8Array(tileLength);
  for (let i = 0; i < tileLength; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(random.between(1e-9, 1)));
    const angle = random.between(0, 2 * Math.PI);
    tile[i] = Math.round(24 * radius * Math.cos(angle));
    tile[i + 1] = Math.round(24 * radius * Math.sin(angle));
  }
  return tile;
}

/**
 * The view of a fixed camera: a seeded scene of texture at all scales (its spectrum falls with frequency, as that of
 * photographs does) and a few flat objects. Every frame has its own noise (shot noise grows with the level), flicker
 * of half a percent, and JPEG compression.
 */
export class CameraView {
  readonly #options: ViewOptions;
  readonly #levels: Levels;
  readonly #random: SceneRandom;

  constructor(seed: number, options: ViewOptions) {
    this.#options = options;
    this.#random = sceneRandom(seed, 1);
    this.#levels = drawScene(seed, options);
  }

  /** The next frame: a JPEG. */
  async frame(options: FrameOptions = {}): Promise<Picture> {
    const { size, quality } = this.#options;
    const { width, height } = size;
    const levels = options.thing ? this.#withThing(options.thing) : this.#levels;
    const rgb = this.#expose(levels, options);
    const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality })
      .toBuffer();
    return { size, bytes };
  }

  #expose(levels: Levels, { light = (level) => level, balance = () => [1, 1, 1] }: FrameOptions): Buffer {
    const { size, noise } = this.#options;
    const rgb = Buffer.allocUnsafe(levels.luma.length * 3);
    const flicker = 1 + 0.005 * this.#random.between(-1, 1);
    const noises = noiseTile();
    // Shot noise: the variance grows with the level; some remains in the dark.
    const deviations = Float32Array.from(
      { length: 256 },
      (_, level) => (noise * Math.sqrt(0.25 + (0.75 * level) / 128)) / 24,
    );
    const balances = Array.from({ length: size.width }, (_, column) => balance(column / size.width));
    for (let row = 0, pixel = 0; row < size.height; row++) {
      let at = this.#random.below(tileLength);
      for (let column = 0; column < size.width; column++, pixel++) {
        const before = levels.luma[pixel]!;
        const lit = flicker * light(before, column / size.width);
        const level = Math.min(255, Math.max(0, lit));
        const deviation = deviations[level | 0]!;
        // Light makes colours stronger as it makes levels higher.
        const gain = lit / before;
        const [cb, cr] = [gain * levels.cb[pixel]!, gain * levels.cr[pixel]!];
        const gains = balances[column]!;
        for (let channel = 0; channel < 3; channel++) {
          const colour = channel === 0 ? 1.402 * cr : channel === 1 ? -0.344 * cb - 0.714 * cr : 1.772 * cb;
          const value = gains[channel]! * (level + colour) + deviation * noises[at++ & (tileLength - 1)]!;
          rgb[pixel * 3 + channel] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
        }
      }
    }
    return rgb;
  }

  #withThing({ shape, box: [left, top, width, height], contrast, colour }: Thing): Levels {
    const { size } = this.#options;
    const [luma, cb, cr] = [this.#levels.luma.slice(), this.#levels.cb.slice(), this.#levels.cr.slice()];
    const covered: number[] = [];
    for (let y = Math.max(0, Math.ceil(top)); y < Math.min(size.height, top + height); y++) {
      for (let x = Math.max(0, Math.ceil(left)); x < Math.min(size.width, left + width); x++) {
        const dx = (2 * (x - left)) / width - 1;
        const dy = (2 * (y - top)) / height - 1;
        if (shape === 'box' || dx * dx + dy * dy <= 1) covered.push(y * size.width + x);
      }
    }
    const meanOf = (levels: Float32Array): number =>
      covered.reduce((sum, pixel) => sum + levels[pixel]!, 0) / covered.length;
    const mean = meanOf(luma);
    for (const pixel of covered) {
      const x = pixel % size.width;
      luma[pixel] = mean + contrast + 6 * Math.sin((x - left) / 5) * Math.cos((pixel - x - top) / 3000);
    }
    if (colour) {
      const [meanCb, meanCr] = [meanOf(cb), meanOf(cr)];
      for (const pixel of covered) [cb[pixel], cr[pixel]] = [meanCb + colour[0], meanCr + colour[1]];
    }
    return { luma, cb, cr };
  }
}

/** An object of the given share of the picture, fully in view, brighter or darker by `contrast`. */
export function thingOf(
  random: SceneRandom,
  { width, height }: Size,
  share: number,
  contrast: number,
): Thing {
  const shape = random.pick(['box', 'ellipse'] as const);
  // As wide as high, or up to three times as high (a person) or as wide (a car).
  const aspect = 3 ** random.between(-1, 1);
  const area = share * width * height * (shape === 'ellipse' ? 4 / Math.PI : 1);
  const [w, h] = [Math.sqrt(area * aspect), Math.sqrt(area / aspect)];
  return {
    shape,
    box: [random.between(0, width - w), random.between(0, height - h), w, h],
    contrast: random.chance(0.5) ? contrast : -contrast,
  };
}

/** Positions of an object that enters from the left or right: partly in view (30 % or more), then fully. */
export function entering(random: SceneRandom, { width }: Size, { box }: Thing): Thing['box'][] {
  const [, top, boxWidth, boxHeight] = box;
  const inView = random.between(0.3, 1) * boxWidth;
  const further = random.between(boxWidth, width - boxWidth);
  const lefts = random.chance(0.5)
    ? [inView - boxWidth, further - boxWidth]
    : [width - inView, width - further];
  return lefts.map((left) => [left, top, boxWidth, boxHeight]);
}

/** Brightness steps of 30 %, as cameras and lamps cause, of a level from 0 to 255; x from 0 to 1. */
export const lights: Readonly<Record<string, Light>> = {
  'every level times 1.3': (level) => level * 1.3,
  'every level times 0.7': (level) => level * 0.7,
  'every level plus 33': (level) => level + 33,
  'every level minus 33': (level) => level - 33,
  'exposure times 1.3 (linear light, gamma 2.2)': (level) => 255 * (1.3 * (level / 255) ** 2.2) ** (1 / 2.2),
  'exposure times 0.7': (level) => 255 * (0.7 * (level / 255) ** 2.2) ** (1 / 2.2),
};

/** Uneven light: times 1.2 at the left, 1.4 at the right. */
export const unevenLamp: Light = (level, x) => level * (1.2 + 0.2 * x);

/** Changes of white balance, and lamps of another colour. */
export const balances: Readonly<Record<string, Balance>> = {
  'red times 1.2': () => [1.2, 1, 1],
  'warmer: red times 1.15, blue times 0.8': () => [1.15, 1, 0.8],
  'cooler: red times 0.85, blue times 1.2': () => [0.85, 1, 1.2],
  'greener: green times 1.1': () => [1, 1.1, 1],
};

/** A warm lamp at the right, in a room as bright as before. */
export const warmLamp: Balance = (x) => [1 + 0.2 * x, 1 - 0.05 * x, 1 - 0.3 * x];

function drawScene(seed: number, { size, colours = 20 }: ViewOptions): Levels {
  const luma = drawBackground(sceneRandom(seed), size);
  const random = sceneRandom(seed, 5);
  const plane = (): Float32Array => {
    const levels = new Float32Array(luma.length);
    for (let cell = size.width / 4, strength = colours; cell >= 8; cell /= 2, strength *= 0.6)
      addSmoothNoise(levels, random, size, cell, strength);
    return levels;
  };
  return { luma, cb: plane(), cr: plane() };
}

/** Octaves of smooth noise, each half as wide and half as strong, and a few flat boxes; levels 0 to 255. */
function drawBackground(random: SceneRandom, { width, height }: Size): Float32Array {
  const levels = new Float32Array(width * height).fill(random.between(70, 150));
  for (let cell = width / 3, strength = 35; cell >= 4; cell /= 2, strength *= 0.6) {
    addSmoothNoise(levels, random, { width, height }, cell, strength);
  }
  for (let box = 0; box < 6; box++) {
    const [left, top] = [random.below(width), random.below(height)];
    const [right, bottom] = [
      left + random.between(0.05, 0.3) * width,
      top + random.between(0.05, 0.3) * height,
    ];
    const shift = random.between(-50, 50);
    for (let y = top; y < Math.min(bottom, height); y++) {
      for (let x = left; x < Math.min(right, width); x++) levels[y * width + x]! += shift;
    }
  }
  return levels.map((level) => Math.min(250, Math.max(5, level)));
}

/** Value noise: random levels on a lattice, and a smooth blend between. */
function addSmoothNoise(
  levels: Float32Array,
  random: SceneRandom,
  { width, height }: Size,
  cell: number,
  strength: number,
): void {
  const columns = Math.ceil(width / cell) + 2;
  const lattice = Float32Array.from({ length: columns * (Math.ceil(height / cell) + 2) }, () =>
    random.between(-strength, strength),
  );
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cell);
    const down = smooth(y / cell - row);
    for (let x = 0; x < width; x++) {
      const column = Math.floor(x / cell);
      const right = smooth(x / cell - column);
      const at = row * columns + column;
      const upper = lattice[at]! * (1 - right) + lattice[at + 1]! * right;
      const lower = lattice[at + columns]! * (1 - right) + lattice[at + columns + 1]! * right;
      levels[y * width + x]! += upper * (1 - down) + lower * down;
    }
  }
}
