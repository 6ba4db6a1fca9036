import type { Size } from '../domain/frame.ts';
import type { SceneRandom } from './scene-random.ts';
import { sceneRandom } from './scene-random.ts';

export const SCENE_COLOURS = ['red', 'green', 'blue', 'yellow', 'white'] as const;
export const SCENE_SHAPES = ['circle', 'square', 'triangle'] as const;

/** How large shapes are; mixed: some large, some small. */
export const SCENE_SHAPE_SIZES = ['large', 'small', 'mixed'] as const;

export type SceneShapeSizes = (typeof SCENE_SHAPE_SIZES)[number];
export type SceneColour = (typeof SCENE_COLOURS)[number];
export type SceneShapeKind = (typeof SCENE_SHAPES)[number];
/** Red, green and blue, 0 to 255; not necessarily whole. */
export type Rgb = readonly [number, number, number];
export type Point = readonly [x: number, y: number];

export interface SceneShape {
  readonly colour: SceneColour;
  readonly kind: SceneShapeKind;
  /** Row-major cell of the 3 x 3 grid over the frame, 0 to 8. */
  readonly cell: number;
  /** The colour as this scene's light shows it. */
  readonly rgb: Rgb;
  readonly centrePx: Point;
  /** Radius of the circle; squares and triangles of the same radius look about as large. */
  readonly radiusPx: number;
  readonly rotationDegrees: number;
}

/** Everything `drawScene` needs; the same scene always gives the same pixels. */
export interface Scene {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** Shapes in cell order; no two share a cell and none leaves its cell. */
  readonly shapes: readonly SceneShape[];
  readonly background: {
    /** Colours at the top left, top right, bottom left and bottom right, blended in between. */
    readonly corners: readonly [Rgb, Rgb, Rgb, Rgb];
    /** A faint weave: amplitude in grey levels, and number of waves across and down the frame. */
    readonly texture: { readonly amplitude: number; readonly wavesX: number; readonly wavesY: number };
  };
  readonly blurSigmaPx: number;
  /** Standard deviation of the sensor noise, in grey levels of 255. */
  readonly noiseSigma: number;
  readonly noiseSeed: number;
  readonly jpegQuality: number;
}

const PAINT: Readonly<Record<SceneColour, Rgb>> = {
  red: [215, 35, 35],
  green: [35, 170, 55],
  blue: [40, 70, 220],
  yellow: [235, 215, 40],
  white: [245, 245, 245],
};

/** Corners of the outline: distance from the centre in radii, and angle of the first one. */
const OUTLINE = {
  circle: { corners: 32, reach: 1, firstDegrees: 0 },
  square: { corners: 4, reach: 1.2, firstDegrees: 45 },
  triangle: { corners: 3, reach: 1.22, firstDegrees: -90 },
} as const;

/** Radii as shares of the frame's short side: the largest reach still fits into a third of it. */
const RADIUS = {
  large: { smallest: 0.09, largest: 0.135 },
  small: { smallest: 0.03, largest: 0.05 },
} as const;

/** Short sides in pixels from which shapes can be told apart. */
const MIN_SIDE = { large: 48, small: 160, mixed: 160 } as const;

/**
 * The scene for a seed and a frame size in pixels: one to three shapes (none in one scene of twenty).
 * Small ones are those of the large scene of the same seed: kinds, colours and cells are the same.
 * Pure; throws a RangeError for a frame too small to show a shape.
 */
export function sampleScene(seed: number, size: Size, sizes: SceneShapeSizes = 'large'): Scene {
  const { width, height } = size;
  const minSide = MIN_SIDE[sizes];
  if (!Number.isInteger(width) || !Number.isInteger(height) || Math.min(width, height) < minSide) {
    const what = sizes === 'large' ? 'a scene' : `a scene with ${sizes} shapes`;
    throw new RangeError(`${what} needs whole sides of at least ${minSide} pixels, not ${width}x${height}`);
  }
  const random = sceneRandom(seed);
  const sizeRandom = sceneRandom(seed, 3);
  const sizeOf = (): keyof typeof RADIUS => {
    if (sizes !== 'mixed') return sizes;
    return sizeRandom.chance(0.5) ? 'small' : 'large';
  };
  const cells = sampleCells(random, random.chance(0.05) ? 0 : 1 + random.below(3));
  return {
    seed,
    width,
    height,
    shapes: cells.map((cell) => sampleShape(random, cell, size, RADIUS[sizeOf()])),
    background: sampleBackground(random),
    blurSigmaPx: Math.min(width, height) * random.between(0, 0.004),
    noiseSigma: random.pick([0, 2, 4, 7, 11]),
    noiseSeed: random.below(0x7fffffff) + 1,
    jpegQuality: 60 + random.below(36),
  };
}

/** The corners of a shape's outline in pixels (a circle has many), in drawing order. */
export function shapeOutline(shape: SceneShape): Point[] {
  const { corners, reach, firstDegrees } = OUTLINE[shape.kind];
  return Array.from({ length: corners }, (_, corner): Point => {
    const angle = ((firstDegrees + shape.rotationDegrees + (360 * corner) / corners) * Math.PI) / 180;
    return [
      shape.centrePx[0] + shape.radiusPx * reach * Math.cos(angle),
      shape.centrePx[1] + shape.radiusPx * reach * Math.sin(angle),
    ];
  });
}

function sampleCells(random: SceneRandom, count: number): number[] {
  const free = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  return Array.from({ length: count }, () => free.splice(random.below(free.length), 1)[0]!).sort(
    (a, b) => a - b,
  );
}

function sampleShape(
  random: SceneRandom,
  cell: number,
  { width, height }: Size,
  radius: { readonly smallest: number; readonly largest: number },
): SceneShape {
  const colour = random.pick(SCENE_COLOURS);
  const kind = random.pick(SCENE_SHAPES);
  const radiusPx = random.between(radius.smallest, radius.largest) * Math.min(width, height);
  const gain = random.between(0.82, 1.05);
  const lit = (level: number): number => clampByte(level * gain + random.between(-14, 14));
  const [red, green, blue] = PAINT[colour];
  const reachPx = radiusPx * OUTLINE[kind].reach;
  const place = (index: number, sidePx: number): number => {
    // As far from the middle of its cell as the cell's edge allows, but never near a neighbouring
    // cell's middle on the long side: "on the left" has to stay true to the eye.
    const slackPx = Math.min(sidePx / 6 - reachPx, sidePx * 0.08);
    return (index + 0.5) * (sidePx / 3) + random.between(-slackPx, slackPx);
  };
  return {
    colour,
    kind,
    cell,
    rgb: [lit(red), lit(green), lit(blue)],
    centrePx: [place(cell % 3, width), place(Math.floor(cell / 3), height)],
    radiusPx,
    rotationDegrees: random.between(-15, 15),
  };
}

/** Dim and nearly grey, so that every colour stands out, and never the same twice. */
function sampleBackground(random: SceneRandom): Scene['background'] {
  const grey = random.chance(0.1) ? 0 : random.between(0, 110);
  const corner = (): Rgb => {
    const level = grey + random.between(-16, 16);
    const tinted = (): number => Math.min(130, Math.max(0, level + random.between(-12, 12)));
    return [tinted(), tinted(), tinted()];
  };
  const corners = [corner(), corner(), corner(), corner()] as const;
  const flat = random.chance(0.2);
  return {
    corners: flat ? [corners[0], corners[0], corners[0], corners[0]] : corners,
    texture: {
      amplitude: random.chance(0.5) ? 0 : random.between(1, 7),
      wavesX: random.between(1, 24),
      wavesY: random.between(1, 24),
    },
  };
}

function clampByte(level: number): number {
  return Math.min(255, Math.max(0, level));
}
