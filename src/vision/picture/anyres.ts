// How LLaVA-1.6 ("anyres", mm_patch_merge_type spatial_unpad) lays a picture out for its language model: the whole
// picture stretched to one square (the overview), then the picture fitted to a canvas of several squares whose patches
// form one map, the canvas's padding cut off again, and a learned newline after each row.
// Source: LLaVA's mm_utils.py (select_best_resolution, resize_and_pad_image, divide_to_patches) and llava_arch.py
// (unpad_image, prepare_inputs_labels_for_multimodal).

import type { Size } from '../../domain/frame.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Half-open: `start` is in, `end` is not. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface AnyresOptions extends Size {
  /** Side of the square the encoder sees, pixels. */
  readonly imageSize: number;
  /** Side of a patch, pixels; divides `imageSize`. */
  readonly patchSize: number;
  /** [width, height] of the canvases, each a whole number of squares. At least one. */
  readonly gridPinpoints: readonly (readonly [number, number])[];
}

/** All sizes in pixels but the map's, which are in patches. */
export interface Plan {
  readonly kind: 'anyres';
  /** What the picture is stretched to for the overview: one square. */
  readonly overview: Size;
  /** What the picture is resized to before it is pasted on the canvas, its aspect ratio kept. */
  readonly refined: Size;
  readonly canvas: Size;
  /** Where the refined picture's corner lies on the canvas. */
  readonly paste: Point;
  readonly tileSize: number;
  /** Corners of the tiles on the canvas, row by row. */
  readonly tiles: readonly Point[];
  readonly grid: { readonly rows: number; readonly columns: number };
  /** Patches along a tile's side. */
  readonly patchesPerSide: number;
  /** Rows and columns of the canvas's patch map that are not padding. */
  readonly keptRows: Span;
  readonly keptColumns: Span;
  /** Embeddings the picture becomes. */
  readonly tokenCount: number;
}

/** A picture cut as in LLaVA-1.6's training: RGB, imageSize x imageSize x 3 bytes each. */
export interface CutPicture {
  readonly plan: Plan;
  readonly overview: Uint8Array;
  readonly tiles: readonly Uint8Array[];
}

/**
 * The canvas with the highest effective resolution and, among equals, the least waste, exactly as published: the first
 * of equals wins, sizes are truncated (not rounded) to whole pixels.
 */
export function selectBestResolution(size: Size, candidates: readonly (readonly [number, number])[]): Size {
  let best: Size | null = null;
  let maxEffective = 0;
  let minWasted = Number.POSITIVE_INFINITY;
  for (const [width, height] of candidates) {
    const scale = Math.min(width / size.width, height / size.height);
    const scaled = Math.trunc(size.width * scale) * Math.trunc(size.height * scale);
    const effective = Math.min(scaled, size.width * size.height);
    const wasted = width * height - effective;
    if (effective > maxEffective || (effective === maxEffective && wasted < minWasted)) {
      maxEffective = effective;
      minWasted = wasted;
      best = { width, height };
    }
  }
  if (!best) throw new RangeError(`no canvas for ${size.width}x${size.height}: there are no candidates`);
  return best;
}

/**
 * Plans a picture's tiles. Even a picture no larger than one square is tiled, as in training.
 * @throws RangeError for sizes that are not positive whole numbers, or a canvas that is not a whole number of squares
 */
export function planAnyres(options: AnyresOptions): Plan {
  const { width, height, imageSize, patchSize, gridPinpoints } = options;
  for (const [name, value] of Object.entries({ width, height, imageSize, patchSize })) {
    if (!Number.isInteger(value) || value <= 0)
      throw new RangeError(`${name}: must be a positive whole number (it is ${value})`);
  }
  if (imageSize % patchSize !== 0)
    throw new RangeError(`patches of ${patchSize} do not fill ${imageSize} pixels`);
  const canvas = selectBestResolution(options, gridPinpoints);
  if (canvas.width % imageSize !== 0 || canvas.height % imageSize !== 0) {
    throw new RangeError(
      `the canvas ${canvas.width}x${canvas.height} is not a whole number of squares of ${imageSize} pixels`,
    );
  }
  const refined = fitToCanvas(options, canvas);
  const grid = { rows: canvas.height / imageSize, columns: canvas.width / imageSize };
  const patchesPerSide = imageSize / patchSize;
  const { keptRows, keptColumns } = unpad(options, grid.rows * patchesPerSide, grid.columns * patchesPerSide);
  return {
    kind: 'anyres',
    overview: { width: imageSize, height: imageSize },
    refined,
    canvas,
    paste: {
      x: Math.floor((canvas.width - refined.width) / 2),
      y: Math.floor((canvas.height - refined.height) / 2),
    },
    tileSize: imageSize,
    tiles: Array.from({ length: grid.rows * grid.columns }, (_, index) => ({
      x: (index % grid.columns) * imageSize,
      y: Math.floor(index / grid.columns) * imageSize,
    })),
    grid,
    patchesPerSide,
    keptRows,
    keptColumns,
    tokenCount: patchesPerSide ** 2 + lengthOf(keptRows) * (lengthOf(keptColumns) + 1),
  };
}

/** The published resize_and_pad_image: the tighter side fills the canvas, the other is rounded up, never beyond it. */
function fitToCanvas(size: Size, canvas: Size): Size {
  const scaleWidth = canvas.width / size.width;
  const scaleHeight = canvas.height / size.height;
  return scaleWidth < scaleHeight
    ? { width: canvas.width, height: Math.min(Math.ceil(size.height * scaleWidth), canvas.height) }
    : { width: Math.min(Math.ceil(size.width * scaleHeight), canvas.width), height: canvas.height };
}

/**
 * The published unpad_image, on the patch map: from the aspect ratios alone, cut equally at both ends. It may keep a row
 * of padding.
 */
function unpad(size: Size, rows: number, columns: number): { keptRows: Span; keptColumns: Span } {
  const all = { keptRows: { start: 0, end: rows }, keptColumns: { start: 0, end: columns } };
  if (size.width / size.height > columns / rows) {
    const scale = columns / size.width;
    const padding = Math.floor((rows - Math.trunc(size.height * scale)) / 2);
    return { ...all, keptRows: { start: padding, end: rows - padding } };
  }
  const scale = rows / size.height;
  const padding = Math.floor((columns - Math.trunc(size.width * scale)) / 2);
  return { ...all, keptColumns: { start: padding, end: columns - padding } };
}

/** How many lie in it. */
export function lengthOf({ start, end }: Span): number {
  return end - start;
}

/**
 * Pastes the refined picture on the black canvas and cuts the canvas into tiles.
 * @param refinedRgb refined.height x refined.width x 3 bytes
 * @returns per tile, in the plan's order, tileSize x tileSize x 3 bytes
 */
export function cutTiles(plan: Plan, refinedRgb: Uint8Array): Uint8Array[] {
  const { refined, canvas, paste, tileSize } = plan;
  expectLength('the refined picture', refinedRgb.length, refined.width * refined.height * 3);
  const canvasRgb = new Uint8Array(canvas.width * canvas.height * 3);
  for (let y = 0; y < refined.height; y++) {
    const row = refinedRgb.subarray(y * refined.width * 3, (y + 1) * refined.width * 3);
    canvasRgb.set(row, ((paste.y + y) * canvas.width + paste.x) * 3);
  }
  return plan.tiles.map((origin) => {
    const tile = new Uint8Array(tileSize * tileSize * 3);
    for (let y = 0; y < tileSize; y++) {
      const from = ((origin.y + y) * canvas.width + origin.x) * 3;
      tile.set(canvasRgb.subarray(from, from + tileSize * 3), y * tileSize * 3);
    }
    return tile;
  });
}

/** Which tile of the plan a patch of the canvas lies in, and its index there. */
export function placeInTile(
  { grid, patchesPerSide }: Plan,
  row: number,
  column: number,
): { readonly tile: number; readonly index: number } {
  return {
    tile: Math.floor(row / patchesPerSide) * grid.columns + Math.floor(column / patchesPerSide),
    index: (row % patchesPerSide) * patchesPerSide + (column % patchesPerSide),
  };
}

/** @throws RangeError */
export function expectLength(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new RangeError(`${what} has length ${actual}, expected ${expected}`);
}
