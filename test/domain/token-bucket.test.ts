import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/domain/token-bucket.ts';

test('limits a burst and the sustained rate', () => {
  let now = 0;
  const bucket = new TokenBucket(2, 3, () => now);
  const taken = (count: number): number =>
    Array.from({ length: count }, () => bucket.take()).filter(Boolean).length;
  expect(taken(10)).toBe(3);
  now = 499;
  expect(taken(10)).toBe(0);
  now = 500;
  expect(taken(10)).toBe(1);
  now = 60_000;
  expect(taken(10)).toBe(3);
  // Asked ten thousand times a second, it gives no more.
  let given = 0;
  for (let step = 0; step < 100_000; step++) {
    now += 0.1;
    if (bucket.take()) given++;
  }
  expect(given).toBeGreaterThanOrEqual(19);
  expect(given).toBeLessThanOrEqual(21);
});
