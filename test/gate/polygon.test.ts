import { expect, test } from 'vitest';
import { spansAt } from '../../src/gate/polygon.ts';

test('a box is one span, from its first row to before its last', () => {
  const box = [
    [0.25, 0.25],
    [0.75, 0.25],
    [0.75, 0.5],
    [0.25, 0.5],
  ] as const;
  expect(spansAt(box, 0.3)).toEqual([[0.25, 0.75]]);
  expect(spansAt(box, 0.2)).toEqual([]);
  expect(spansAt(box, 0.6)).toEqual([]);
});

test('a triangle grows narrower', () => {
  const triangle = [
    [0, 0],
    [1, 0],
    [0.5, 1],
  ] as const;
  expect(spansAt(triangle, 0.5)).toEqual([[0.25, 0.75]]);
});

test('a concave polygon has several spans on a row, and a corner on the row is counted once', () => {
  const tooth = [
    [0, 0],
    [0.5, 0.5],
    [1, 0],
    [1, 1],
    [0, 1],
  ] as const;
  expect(spansAt(tooth, 0.25)).toEqual([
    [0, 0.25],
    [0.75, 1],
  ]);
  expect(spansAt(tooth, 0.5)).toEqual([[0, 1]]);
});

test('a star drawn in one stroke has no hole', () => {
  const star = [0, 2, 4, 1, 3].map((corner) => {
    const angle = (corner * 2 * Math.PI) / 5;
    return [0.5 + Math.sin(angle) / 2, 0.5 - Math.cos(angle) / 2] as const;
  });
  const across = spansAt(star, 0.55);
  expect(across).toHaveLength(1);
  expect(across[0]![0]).toBeLessThan(0.4);
  expect(across[0]![1]).toBeGreaterThan(0.6);
});
