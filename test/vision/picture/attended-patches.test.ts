import { describe, expect, test } from 'vitest';
import { type Plan, planAnyres } from '../../../src/vision/picture/anyres.ts';
import { mostAttended, shareBudget } from '../../../src/vision/picture/attended-patches.ts';
import {
  countOmitted,
  mapSize,
  type ShownPatches,
  shownTiles,
} from '../../../src/vision/picture/shown-patches.ts';
import { realGeometryShape } from '../../../tools/test/random-llava.ts';
import { gaussian } from '../../../tools/test/random-weights.ts';

const { gridPinpoints } = realGeometryShape;
const perSquare = 24 * 24;

function planOf(width: number, height: number): Plan {
  return planAnyres({ width, height, imageSize: 336, patchSize: 14, gridPinpoints });
}

/** 28 rows of 48 patches: 14 x 24 of each tile. */
const wide = planOf(1280, 720);

/** Attention that adds up to 1: even, save where `raise` says otherwise. */
function attentionOf(raise: (row: number, column: number) => number = () => 1): Float32Array {
  const values = Float32Array.from({ length: perSquare }, (_, at) => raise(Math.floor(at / 24), at % 24));
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}

/** Rows and columns of the map that are shown. */
function placesOf(plan: Plan, shown: ShownPatches): string[] {
  const { columns } = mapSize(plan);
  return [...shown.keys()]
    .filter((at) => shown[at])
    .map((at) => `${Math.floor(at / columns)},${at % columns}`);
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('the share of a tile', () => {
  test('is even where the class token attends evenly', () => {
    expect(shareBudget(wide, attentionOf(), 400)).toEqual([100, 100, 100, 100]);
  });

  test("is in proportion to the overview's attention to its part of the picture", () => {
    const left = attentionOf((_, column) => (column < 12 ? 3 : 1));
    expect(shareBudget(wide, left, 400)).toEqual([150, 50, 150, 50]);
  });

  test('is at most what the tile has, and the others get the rest', () => {
    const corner = attentionOf((row, column) => (row < 12 && column < 12 ? 1000 : 1));
    // 336 of the first tile; a third of the rest each.
    expect(shareBudget(wide, corner, 636)).toEqual([336, 100, 100, 100]);
    expect(shareBudget(wide, corner, 10_000)).toEqual([336, 336, 336, 336]);
  });

  test('is nothing where it would be next to nothing: that tile need not be encoded', () => {
    const above = attentionOf((row) => (row < 12 ? 60 : 1));
    expect(shareBudget(wide, above, 400)).toEqual([200, 200, 0, 0]);
    // But nothing is lost where the others have no room for it.
    expect(shareBudget(wide, above, 680)).toEqual([336, 336, 0, 8]);
  });

  test('of a budget of nothing is nothing', () => {
    expect(shareBudget(wide, attentionOf(), 0)).toEqual([0, 0, 0, 0]);
  });

  test('follows the picture, not the padded canvas', () => {
    // The picture's first quarter is 7 of the 14 rows that the upper tiles show of it.
    const top = attentionOf((row) => (row < 6 ? 10 : 1));
    expect(shareBudget(wide, top, 364)).toEqual([154, 154, 28, 28]);
  });

  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'is a whole number, and all are the budget (%i)',
    (seed) => {
      const random = gaussian(seed + 1);
      const side = (): number => 20 + Math.floor(Math.abs(random()) * 900);
      const plan = planOf(side(), side());
      const { rows, columns } = mapSize(plan);
      const attention = attentionOf(() => Math.exp(2 * random()));
      const budget = Math.floor(Math.min(Math.abs(random()) / 2, 1.2) * rows * columns);
      const shares = shareBudget(plan, attention, budget);
      expect(shares.every((share) => Number.isInteger(share) && share >= 0)).toBe(true);
      expect(sum(shares)).toBe(Math.min(budget, rows * columns));

      const tiles = plan.tiles.map((_, tile) =>
        shares[tile] ? attentionOf(() => Math.exp(2 * random())) : null,
      );
      const shown = mostAttended(plan, shares, tiles, 0.5);
      expect(shown.length - countOmitted(shown)).toBe(sum(shares));
      expect(shownTiles(plan, shown)).toEqual(shares.map((share) => share > 0));

      // Of some patches only.
      const density = Math.abs(random()) / 2;
      const candidates = Uint8Array.from({ length: rows * columns }, () =>
        Math.abs(random()) < density ? 1 : 0,
      );
      const ofSome = shareBudget(plan, attention, budget, candidates);
      const count = sum([...candidates]);
      expect(sum(ofSome)).toBe(Math.min(budget, count));
      const attended = plan.tiles.map(() => attentionOf(() => Math.exp(2 * random())));
      const chosen = mostAttended(plan, ofSome, attended, 0.5, candidates);
      expect(sum([...chosen])).toBe(sum(ofSome));
      expect(chosen.every((mark, at) => !mark || candidates[at])).toBe(true);
    },
  );
});

describe('of a tile', () => {
  test('the patches are shown that its class token attends to most', () => {
    // The map's rows are 10 to 37 of the canvas; column 30 is the second tile's 6.
    const second = attentionOf((row, column) =>
      row === 13 && column === 6 ? 9 : row === 20 && column === 7 ? 5 : 1,
    );
    const shown = mostAttended(wide, [0, 2, 0, 0], [null, second, null, null], 0);
    expect(placesOf(wide, shown)).toEqual(['3,30', '10,31']);
  });

  test('padding is never shown', () => {
    const first = attentionOf((row) => (row < 10 ? 100 : 1));
    const shown = mostAttended(wide, [48, 0, 0, 0], [first, null, null, null], 0);
    expect(sum([...shown])).toBe(48);
  });

  test('neighbours are left for what is farther away, the more the wider the spread', () => {
    // A bright spot of 3 x 3, and a fainter one.
    const spots = attentionOf((row, column) => {
      if (Math.abs(row - 13) <= 1 && Math.abs(column - 5) <= 1) return row === 13 && column === 5 ? 11 : 10;
      return row === 18 && column === 20 ? 8 : 1;
    });
    const two = (spread: number): string[] =>
      placesOf(wide, mostAttended(wide, [2, 0, 0, 0], [spots, null, null, null], spread));
    expect(two(0)).toEqual(['2,4', '3,5']);
    expect(two(0.5)).toEqual(['3,5', '8,20']);
  });

  test("a patch at the map's left side takes nothing from one at its right side", () => {
    // One tile wide: the map's columns are the tile's, and its first rows the padded tile's 4 to 23.
    const narrow = planOf(100, 80);
    expect(mapSize(narrow).columns).toBe(24);
    const sides = attentionOf((row, column) => {
      if (row === 16 && column === 0) return 9;
      return row === 15 && column === 23 ? 5 : row === 20 && column === 12 ? 4 : 1;
    });
    const shown = mostAttended(narrow, [2, 0], [sides, null], 1);
    expect(placesOf(narrow, shown)).toEqual(['1,23', '2,0']);
  });
});
