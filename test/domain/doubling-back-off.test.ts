import { expect, test } from 'vitest';
import { doublingBackOffMs } from '../../src/domain/doubling-back-off.ts';

const bounds = { firstMs: 500, maxMs: 60_000 };

test('the wait doubles up to its maximum', () => {
  const waits = Array.from({ length: 9 }, (_, failures) => doublingBackOffMs(bounds, failures));
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  expect(doublingBackOffMs(bounds, 5000)).toBe(60_000);
});

test('jitter scales the wait within its limits', () => {
  expect(doublingBackOffMs(bounds, 1, [0.75, 1.25], () => 0)).toBe(750);
  expect(doublingBackOffMs(bounds, 1, [0.75, 1.25], () => 1)).toBe(1250);
});
