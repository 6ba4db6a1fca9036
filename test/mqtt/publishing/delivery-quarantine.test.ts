import { afterEach, expect, test, vi } from 'vitest';
import { DeliveryQuarantine } from '../../../src/mqtt/publishing/delivery-quarantine.ts';
import { LogLines } from '../../support/log-lines.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('what was refused is passed over until the next connection', () => {
  const quarantine = new DeliveryQuarantine(new LogLines());
  quarantine.refused(7);
  expect([quarantine.has(7), quarantine.nextTryInMs(), quarantine.takeBack()]).toEqual([true, null, false]);
  quarantine.newConnection();
  expect(quarantine.has(7)).toBe(false);
});

test('over which three connections end: passed over for ten minutes, then after one more', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const log = new LogLines();
  const quarantine = new DeliveryQuarantine(log);
  quarantine.connectionEnded(7);
  expect(quarantine.isSuspicious).toBe(false);
  quarantine.connectionEnded(7);
  expect([quarantine.isSuspicious, quarantine.has(7)]).toEqual([true, false]);
  quarantine.connectionEnded(7);
  quarantine.newConnection();
  expect([quarantine.isSuspicious, quarantine.has(7), quarantine.nextTryInMs()]).toEqual([
    false,
    true,
    600_000,
  ]);
  vi.advanceTimersByTime(600_000);
  expect(quarantine.takeBack()).toBe(true);
  expect([quarantine.has(7), quarantine.takeBack(), quarantine.nextTryInMs()]).toEqual([false, false, null]);
  quarantine.connectionEnded(7);
  expect(quarantine.has(7)).toBe(true);
  expect(log.lines).toHaveLength(2);
});

test('connections that end over one entry after another mean none of them', () => {
  const quarantine = new DeliveryQuarantine(new LogLines());
  for (const seq of [1, 2, 3, 4, 5]) quarantine.connectionEnded(seq);
  quarantine.connectionEnded(Number.POSITIVE_INFINITY);
  expect(quarantine.isSuspicious).toBe(false);
  expect([1, 2, 3, 4, 5].some((seq) => quarantine.has(seq))).toBe(false);
});
