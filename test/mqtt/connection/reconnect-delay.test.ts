import { expect, test } from 'vitest';
import { ReconnectDelay, reconnectDefaults } from '../../../src/mqtt/connection/reconnect-delay.ts';

const longest = (): number => 1;

test('waits double from a second to a minute, and start over after a stable connection', () => {
  const delay = new ReconnectDelay(reconnectDefaults, longest);
  const waits = Array.from({ length: 8 }, () => delay.nextMs(0, false));
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  // One that was thrown out at once was no good connection.
  expect(delay.nextMs(2000, false)).toBe(60_000);
  expect(delay.nextMs(30_000, false)).toBe(1000);
});

test('jitter takes up to half of a wait', () => {
  const delay = new ReconnectDelay(reconnectDefaults, () => 0);
  expect(delay.nextMs(0, false)).toBe(500);
  expect(delay.nextMs(0, false)).toBe(1000);
});

test('after another client has taken the session over, waits are minutes', () => {
  const delay = new ReconnectDelay(reconnectDefaults, longest);
  const waits = Array.from({ length: 6 }, () => delay.nextMs(60_000, true));
  expect(waits).toEqual([60_000, 120_000, 240_000, 480_000, 900_000, 900_000]);
});
