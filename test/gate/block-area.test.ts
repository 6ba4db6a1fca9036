import { expect, test } from 'vitest';
import { blockArea } from '../../src/gate/block-area.ts';

test('a run of marked blocks in a row is a rectangle of the picture', () => {
  const marks = Uint8Array.from([
    ...[0, 1, 1, 0],
    ...[0, 0, 0, 0],
    ...[1, 0, 1, 1], //
  ]);
  expect(blockArea(marks, 4)).toEqual([
    { left: 0.25, top: 0, right: 0.75, bottom: 1 / 3 },
    { left: 0, top: 2 / 3, right: 0.25, bottom: 1 },
    { left: 0.5, top: 2 / 3, right: 1, bottom: 1 },
  ]);
  expect(blockArea(new Uint8Array(12), 4)).toEqual([]);
});
