import { expect, test } from 'vitest';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import { nthSmallest } from '../../src/gate/nth-smallest.ts';

test('it is the value that sorting would put there, also with many equal values', () => {
  const random = sceneRandom(1, 9);
  for (let run = 0; run < 500; run++) {
    const kinds = random.pick([1, 3, 1000]);
    const values = Float32Array.from({ length: 1 + random.below(60) }, () => random.below(kinds) / 4);
    const sorted = values.toSorted();
    const nth = random.below(values.length);
    expect(nthSmallest(values, nth)).toBe(sorted[nth]);
    expect(values.toSorted()).toEqual(sorted);
  }
});

test.each([
  ['rising', (at: number) => at],
  ['falling', (at: number) => -at],
  ['all equal', () => 2],
])('values that are %s', (_name, valueAt) => {
  const values = Float32Array.from({ length: 2304 }, (_, at) => valueAt(at));
  expect(nthSmallest(Float32Array.from(values), 1152)).toBe(values.toSorted()[1152]);
});
