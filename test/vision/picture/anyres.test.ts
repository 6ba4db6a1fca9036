import { describe, expect, test } from 'vitest';
import {
  type AnyresOptions,
  cutTiles,
  type Plan,
  planAnyres,
  selectBestResolution,
} from '../../../src/vision/picture/anyres.ts';
import { assemble } from '../../../src/vision/picture/assemble.ts';
import { realGeometryShape } from '../../../tools/test/random-llava.ts';

const { gridPinpoints } = realGeometryShape;
const real = { imageSize: 336, patchSize: 14, gridPinpoints };
/** Four patches to a square of 4 pixels. */
const small = {
  imageSize: 4,
  patchSize: 2,
  gridPinpoints: gridPinpoints.map(([w, h]) => [w / 84, h / 84] as const),
};

function plan(width: number, height: number, options: Omit<AnyresOptions, 'width' | 'height'> = real): Plan {
  return planAnyres({ width, height, ...options });
}

// Expected values: LLaVA's own Python (select_best_resolution, resize_and_pad_image, unpad_image) on these sizes.
describe.each([
  // width, height, canvas, refined, paste, kept rows, kept columns, tokens
  [1280, 720, [672, 672], [672, 378], [0, 147], [10, 38], [0, 48], 1948],
  [640, 480, [672, 672], [672, 504], [0, 84], [6, 42], [0, 48], 2340],
  [480, 640, [672, 672], [504, 672], [84, 0], [0, 48], [6, 42], 2352],
  [720, 1280, [672, 672], [378, 672], [147, 0], [0, 48], [10, 38], 1968],
  [1920, 1080, [672, 672], [672, 378], [0, 147], [10, 38], [0, 48], 1948],
  [1000, 300, [1008, 336], [1008, 303], [0, 16], [1, 23], [0, 72], 2182],
  [300, 1000, [336, 1008], [303, 1008], [16, 0], [0, 72], [1, 23], 2232],
  [672, 336, [672, 336], [672, 336], [0, 0], [0, 24], [0, 48], 1752],
  [336, 672, [336, 672], [336, 672], [0, 0], [0, 48], [0, 24], 1776],
  [640, 240, [672, 336], [672, 252], [0, 42], [3, 21], [0, 48], 1458],
  [336, 336, [336, 672], [336, 336], [0, 168], [12, 36], [0, 24], 1176],
  [100, 80, [336, 672], [336, 269], [0, 201], [14, 34], [0, 24], 1076],
  [333, 217, [336, 672], [336, 219], [0, 226], [16, 32], [0, 24], 976],
  [901, 677, [672, 672], [672, 505], [0, 83], [6, 42], [0, 48], 2340],
  // Rounding instead of cutting would choose another canvas, other rows, other columns.
  [1671, 835, [1008, 336], [673, 336], [167, 0], [0, 24], [12, 60], 1752],
  [835, 1671, [336, 1008], [336, 673], [0, 167], [12, 60], [0, 24], 1776],
  [1384, 827, [672, 672], [672, 402], [0, 135], [10, 38], [0, 48], 1948],
  [242, 1049, [336, 1008], [233, 1008], [51, 0], [0, 72], [4, 20], 1800],
  [2047, 333, [1008, 336], [1008, 164], [0, 86], [6, 18], [0, 72], 1452],
])('%ix%i', (width, height, canvas, refined, paste, keptRows, keptColumns, tokens) => {
  const planned = plan(width, height);

  test('is fitted, cut and counted as published', () => {
    expect([planned.canvas.width, planned.canvas.height]).toEqual(canvas);
    expect([planned.refined.width, planned.refined.height]).toEqual(refined);
    expect([planned.paste.x, planned.paste.y]).toEqual(paste);
    expect([planned.keptRows.start, planned.keptRows.end]).toEqual(keptRows);
    expect([planned.keptColumns.start, planned.keptColumns.end]).toEqual(keptColumns);
    expect(planned.tokenCount).toBe(tokens);
    expect(planned.overview).toEqual({ width: 336, height: 336 });
  });
});

test('the canvas is the first of those with the highest resolution and the least waste', () => {
  expect(selectBestResolution({ width: 672, height: 672 }, gridPinpoints)).toEqual({
    width: 672,
    height: 672,
  });
  // Both show all of a small square and waste the same: the first in the list wins, whichever it is.
  const square = { width: 336, height: 336 };
  expect(selectBestResolution(square, gridPinpoints)).toEqual({ width: 336, height: 672 });
  expect(selectBestResolution(square, gridPinpoints.toReversed())).toEqual({ width: 672, height: 336 });
  // Less waste beats the place in the list.
  expect(
    selectBestResolution({ width: 300, height: 300 }, [
      [672, 672],
      [336, 336],
    ]),
  ).toEqual(square);
  // More of the picture beats less waste.
  expect(
    selectBestResolution({ width: 1280, height: 720 }, [
      [336, 336],
      [672, 672],
    ]).width,
  ).toBe(672);
  expect(() => selectBestResolution(square, [])).toThrow(RangeError);
});

test('one pixel beyond an aspect ratio chooses the other side to cut', () => {
  expect(plan(672, 671).keptRows).toEqual({ start: 0, end: 48 });
  expect(plan(1001, 1000).keptColumns).toEqual({ start: 0, end: 48 });
  expect(plan(1000, 1001).keptRows).toEqual({ start: 0, end: 48 });
});

test.each([
  { width: 0, height: 10, ...real },
  { width: 10.5, height: 10, ...real },
  { width: 10, height: Number.NaN, ...real },
  { width: 10, height: 10, ...real, patchSize: 13 },
  { width: 10, height: 10, ...real, gridPinpoints: [] },
  { width: 10, height: 10, ...real, gridPinpoints: [[336, 500] as const] },
])('%o cannot be planned', (options) => {
  expect(() => planAnyres(options)).toThrow(RangeError);
});

// Every grid, with padding above and below, left and right, and none.
const layouts = [
  { name: '1x2 none', width: 4, height: 8, rows: 2, columns: 1 },
  { name: '2x1 none', width: 8, height: 4, rows: 1, columns: 2 },
  { name: '2x2 none', width: 8, height: 8, rows: 2, columns: 2 },
  { name: '2x2 rows', width: 80, height: 40, rows: 2, columns: 2, options: only([8, 8]) },
  { name: '2x2 columns', width: 40, height: 80, rows: 2, columns: 2, options: only([8, 8]) },
  { name: '3x1 rows', width: 120, height: 20, rows: 1, columns: 3 },
  { name: '1x3 columns', width: 20, height: 120, rows: 3, columns: 1 },
  { name: '3x1 columns', width: 80, height: 40, rows: 1, columns: 3, options: only([12, 4]) },
  { name: '1x3 rows', width: 40, height: 80, rows: 3, columns: 1, options: only([4, 12]) },
].map((layout) => ({ options: small, ...layout }));

function only(...pinpoints: (readonly [number, number])[]): typeof small {
  return { ...small, gridPinpoints: pinpoints };
}

describe.each(layouts)('$name: $width x $height', ({ width, height, rows, columns, options }) => {
  const planned = plan(width, height, options);
  const { patchesPerSide, keptRows, keptColumns } = planned;
  const newline = -1;

  test('the grid is as expected', () => {
    expect(planned.grid).toEqual({ rows, columns });
    expect(planned.tiles).toHaveLength(rows * columns);
  });

  test('embeddings: overview, then the map row by row, each row ended by a newline, no padding', () => {
    // A patch's embedding is [its row, its column] on the map; the overview's is [1000, its number].
    const mark = (tile: { x: number; y: number }): Float32Array =>
      Float32Array.from(
        Array.from({ length: patchesPerSide ** 2 }, (_, index) => [
          (tile.y / options.imageSize) * patchesPerSide + Math.floor(index / patchesPerSide),
          (tile.x / options.imageSize) * patchesPerSide + (index % patchesPerSide),
        ]).flat(),
      );
    const overview = Float32Array.from([1000, 0, 1000, 1, 1000, 2, 1000, 3]);
    const packed = assemble(planned, overview, planned.tiles.map(mark), Float32Array.of(newline, newline));

    const expected: number[][] = [
      [1000, 0],
      [1000, 1],
      [1000, 2],
      [1000, 3],
    ];
    for (let row = keptRows.start; row < keptRows.end; row++) {
      for (let column = keptColumns.start; column < keptColumns.end; column++) expected.push([row, column]);
      expected.push([newline, newline]);
    }
    expect([...packed]).toEqual(expected.flat());
    expect(packed).toHaveLength(planned.tokenCount * 2);
  });

  test('pixels: each tile holds its part of the picture on black', () => {
    // A pixel of the refined picture is [its x, its y, 200].
    const { refined, canvas, paste, tileSize } = planned;
    const rgb = Uint8Array.from(
      Array.from({ length: refined.width * refined.height }, (_, index) => [
        index % refined.width,
        Math.floor(index / refined.width),
        200,
      ]).flat(),
    );
    const tiles = cutTiles(planned, rgb);
    expect(tiles).toHaveLength(rows * columns);
    for (let y = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width; x++) {
        const tile = tiles[Math.floor(y / tileSize) * columns + Math.floor(x / tileSize)]!;
        const at = ((y % tileSize) * tileSize + (x % tileSize)) * 3;
        const [left, top] = [x - paste.x, y - paste.y];
        const inside = left >= 0 && left < refined.width && top >= 0 && top < refined.height;
        expect([...tile.subarray(at, at + 3)], `${x},${y}`).toEqual(inside ? [left, top, 200] : [0, 0, 0]);
      }
    }
  });
});

test('sizes that do not fit the plan are refused', () => {
  const planned = plan(8, 8, small);
  const tile = new Float32Array(8);
  const newline = new Float32Array(2);
  expect(() => cutTiles(planned, new Uint8Array(8 * 8 * 3 - 1))).toThrow(/refined picture/);
  expect(() => assemble(planned, new Float32Array(6), [tile, tile, tile, tile], newline)).toThrow(/overview/);
  expect(() => assemble(planned, tile, [tile, tile, tile], newline)).toThrow(/list of tiles/);
  expect(() => assemble(planned, tile, [tile, tile, tile, newline], newline)).toThrow(/a tile/);
});
