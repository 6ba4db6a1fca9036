import { describe, expect, test } from 'vitest';
import type { PictureArea } from '../../../src/domain/picture-area.ts';
import { type Plan, planAnyres } from '../../../src/vision/picture/anyres.ts';
import { assemble } from '../../../src/vision/picture/assemble.ts';
import {
  countOmitted,
  mapSize,
  patchesOf,
  type ShownPatches,
  shownTiles,
} from '../../../src/vision/picture/shown-patches.ts';
import { realGeometryShape } from '../../../tools/test/random-llava.ts';

const { gridPinpoints } = realGeometryShape;
const patchSize = 14;

function plan(width: number, height: number): Plan {
  return planAnyres({ width, height, imageSize: 336, patchSize, gridPinpoints });
}

function rectangle(left: number, top: number, right: number, bottom: number): PictureArea {
  return [{ left, top, right, bottom }];
}

const whole = rectangle(0, 0, 1, 1);

/** Rows and columns of the map's shown part, [first, end); it must be a rectangle. */
function bounds(planned: Plan, shown: ShownPatches): { rows: number[]; columns: number[] } {
  const { columns } = mapSize(planned);
  const marks = [...shown.keys()].filter((index) => shown[index]);
  const rows = marks.map((index) => Math.floor(index / columns));
  const across = marks.map((index) => index % columns);
  const found = {
    rows: [Math.min(...rows), Math.max(...rows) + 1],
    columns: [Math.min(...across), Math.max(...across) + 1],
  };
  expect(marks).toHaveLength((found.rows[1]! - found.rows[0]!) * (found.columns[1]! - found.columns[0]!));
  return found;
}

// 1280x720 becomes 672x378 on the canvas, from y = 147: a patch is 14 pixels, so half of the map's first row (y = 140) is
// padding. A row of the picture begins at 147 + 378 * top, a column at 672 * left.
test.each<[string, PictureArea, number, { rows: number[]; columns: number[] }]>([
  ['all of it', whole, 0, { rows: [0, 28], columns: [0, 48] }],
  // x from 336 to 420 = patches 24 to 30; y from 336 to 430.5 = canvas rows 24 to 31, map rows 14 to 21.
  ['the middle', rectangle(0.5, 0.5, 0.625, 0.75), 0, { rows: [14, 21], columns: [24, 30] }],
  // With 1 / 48 of 672 = 14 pixels around: one patch more on each side.
  ['with a margin', rectangle(0.5, 0.5, 0.625, 0.75), 1 / 48, { rows: [13, 22], columns: [23, 31] }],
  ['a point', rectangle(0.51, 0.51, 0.51, 0.51), 0, { rows: [14, 15], columns: [24, 25] }],
  ['the corner', rectangle(1, 1, 1, 1), 0, { rows: [27, 28], columns: [47, 48] }],
  ['a margin that leaves the picture', rectangle(0, 0, 0.02, 0.02), 0.02, { rows: [0, 2], columns: [0, 2] }],
])('1280x720, %s', (_, area, margin, expected) => {
  const planned = plan(1280, 720);
  expect(bounds(planned, patchesOf(planned, area, margin))).toEqual(expected);
});

test('an upright picture is shifted by the padding at its sides', () => {
  // 720x1280 becomes 378x672 from x = 147; its first kept column begins at 140.
  const planned = plan(720, 1280);
  const shown = patchesOf(planned, rectangle(0.5, 0.25, 0.75, 0.5), 0);
  expect(bounds(planned, shown)).toEqual({ rows: [12, 24], columns: [14, 21] });
});

test('what lies in a row that unpadding cuts off shows the row next to it', () => {
  // 1000x685 becomes 672x461 from y = 105, canvas rows 7.5 to 40.4; unpadding keeps 8 to 40.
  const planned = plan(1000, 685);
  expect(planned.keptRows).toEqual({ start: 8, end: 40 });
  expect(bounds(planned, patchesOf(planned, rectangle(0, 0, 1, 0.001), 0)).rows).toEqual([0, 1]);
  expect(bounds(planned, patchesOf(planned, rectangle(0, 0.9999, 1, 1), 0)).rows).toEqual([31, 32]);
});

test('several rectangles show the union of their patches', () => {
  const planned = plan(1280, 720);
  const [one, other] = [rectangle(0, 0, 0.3, 0.3), rectangle(0.2, 0.2, 0.5, 0.5)];
  const both = patchesOf(planned, [...one, ...other], 0);
  const [first, second] = [patchesOf(planned, one, 0), patchesOf(planned, other, 0)];
  expect(both).toEqual(both.map((_, index) => first[index]! | second[index]!));
  expect(countOmitted(patchesOf(planned, [], 1))).toBe(28 * 48);
});

test('tiles are needed where one of their patches is shown', () => {
  const planned = plan(1280, 720);
  const tilesOf = (area: PictureArea): boolean[] => shownTiles(planned, patchesOf(planned, area, 0));
  expect(tilesOf(whole)).toEqual([true, true, true, true]);
  expect(tilesOf([])).toEqual([false, false, false, false]);
  expect(tilesOf(rectangle(0.1, 0.1, 0.2, 0.2))).toEqual([true, false, false, false]);
  expect(tilesOf(rectangle(0.4, 0.8, 0.6, 0.9))).toEqual([false, false, true, true]);
  // Exactly the border between two tiles, and one patch beyond it.
  expect(tilesOf(rectangle(0.4, 0.1, 0.5, 0.2))).toEqual([true, false, false, false]);
  expect(tilesOf(rectangle(0.4, 0.1, 0.51, 0.2))).toEqual([true, true, false, false]);
});

/** Numbers that look random, the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

const width = 2;

/** A patch's embedding is [its tile, its place in the tile]; the overview's is [-1, its place]. */
function squareOf(planned: Plan, tile: number): Float32Array {
  const patches = planned.patchesPerSide ** 2;
  return Float32Array.from({ length: patches * width }, (_, at) => (at % width === 0 ? tile : at >> 1));
}

describe.each([
  [1280, 720],
  [720, 1280],
  [640, 480],
  [1000, 300],
  [300, 1000],
  [336, 336],
  [2047, 333],
  [835, 1671],
])('%ix%i', (pictureWidth, pictureHeight) => {
  const planned = plan(pictureWidth, pictureHeight);
  const { rows, columns } = mapSize(planned);
  const overview = squareOf(planned, -1);
  const tiles = planned.tiles.map((_, tile) => squareOf(planned, tile));
  const newline = Float32Array.of(-2, -2);
  const all = assemble(planned, overview, tiles, newline);

  test('with all patches shown, it is as without a choice', () => {
    const shown = patchesOf(planned, whole, 0);
    expect(shown).toEqual(new Uint8Array(rows * columns).fill(1));
    expect(assemble(planned, overview, tiles, newline, shown)).toEqual(all);
  });

  test('any choice: what is left is in order, every row ends with its newline, no more tiles than needed', () => {
    const random = numbers(pictureWidth);
    for (const share of [0, 0.01, 0.25, 0.5, 0.99]) {
      const shown = Uint8Array.from({ length: rows * columns }, () => (random() < share ? 1 : 0));
      const needed = shownTiles(planned, shown);
      const some = assemble(
        planned,
        overview,
        tiles.map((tile, index) => (needed[index] ? tile : null)),
        newline,
        shown,
      );
      const rowLength = columns + 1;
      const expected = [...all].filter((_, at) => {
        const place = Math.floor(at / width) - planned.patchesPerSide ** 2;
        if (place < 0 || place % rowLength === columns) return true;
        return shown[Math.floor(place / rowLength) * columns + (place % rowLength)] === 1;
      });
      expect([...some]).toEqual(expected);
      expect(some).toHaveLength((planned.tokenCount - countOmitted(shown)) * width);
    }
  });

  test('any rectangle: more area or more margin never shows less, and each part of it shows something', () => {
    const random = numbers(pictureHeight);
    for (let round = 0; round < 50; round++) {
      const [left, top] = [random(), random()];
      const [right, bottom] = [left + random() * (1 - left), top + random() * (1 - top)];
      const margin = random() * 0.1;
      const inner = patchesOf(planned, rectangle(left, top, right, bottom), 0);
      const outer = patchesOf(planned, rectangle(left / 2, top / 2, (right + 1) / 2, (bottom + 1) / 2), 0);
      const wider = patchesOf(planned, rectangle(left, top, right, bottom), margin);
      expect(countOmitted(inner)).toBeLessThan(rows * columns);
      expect(inner.every((mark, index) => mark <= outer[index]! && mark <= wider[index]!)).toBe(true);
    }
  });
});

test('a choice that does not fit the plan is refused', () => {
  const planned = plan(1280, 720);
  const tiles = planned.tiles.map((_, tile) => squareOf(planned, tile));
  const overview = squareOf(planned, -1);
  const newline = Float32Array.of(0, 0);
  const shown = patchesOf(planned, whole, 0);
  expect(() => assemble(planned, overview, tiles, newline, shown.subarray(1))).toThrow(/shown patches/);
  expect(() => assemble(planned, overview, [null, ...tiles.slice(1)], newline, shown)).toThrow(/missing/);
});
