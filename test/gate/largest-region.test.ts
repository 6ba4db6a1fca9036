import { expect, test } from 'vitest';
import { largestRegion } from '../../src/gate/largest-region.ts';

const marksOf = (picture: string): Uint8Array =>
  Uint8Array.from(picture.replace(/\s/g, ''), (mark) => (mark === '#' ? 1 : 0));

test.each([
  ['....  ....  ....', 0],
  ['#..#  ....  #..#', 1],
  ['##..  ...#  ..##', 3],
  ['#...  .#..  ..#.', 3],
  ['####  #..#  ####', 10],
  // The end of a row is not a neighbour of the start of the next.
  ['...#  #...  ....', 1],
])('%s: the largest region has %i blocks', (picture, size) => {
  expect(largestRegion(marksOf(picture), 4)).toBe(size);
});
