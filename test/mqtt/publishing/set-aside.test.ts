import { afterEach, expect, test, vi } from 'vitest';
import { SetAside } from '../../../src/mqtt/publishing/set-aside.ts';
import { LogLines } from '../../support/log-lines.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('what was refused is passed over until the next connection', () => {
  const aside = new SetAside(new LogLines());
  aside.refused(7);
  expect([aside.has(7), aside.nextTryInMs(), aside.takeBack()]).toEqual([true, null, false]);
  aside.newConnection();
  expect(aside.has(7)).toBe(false);
});

test('over which three connections end: passed over for ten minutes, then after one more', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const log = new LogLines();
  const aside = new SetAside(log);
  aside.connectionEnded(7);
  expect(aside.isSuspicious).toBe(false);
  aside.connectionEnded(7);
  expect([aside.isSuspicious, aside.has(7)]).toEqual([true, false]);
  aside.connectionEnded(7);
  aside.newConnection();
  expect([aside.isSuspicious, aside.has(7), aside.nextTryInMs()]).toEqual([false, true, 600_000]);
  vi.advanceTimersByTime(600_000);
  expect(aside.takeBack()).toBe(true);
  expect([aside.has(7), aside.takeBack(), aside.nextTryInMs()]).toEqual([false, false, null]);
  aside.connectionEnded(7);
  expect(aside.has(7)).toBe(true);
  expect(log.lines).toHaveLength(2);
});

test('connections that end over one entry after another mean none of them', () => {
  const aside = new SetAside(new LogLines());
  for (const seq of [1, 2, 3, 4, 5]) aside.connectionEnded(seq);
  aside.connectionEnded(Number.POSITIVE_INFINITY);
  expect(aside.isSuspicious).toBe(false);
  expect([1, 2, 3, 4, 5].some((seq) => aside.has(seq))).toBe(false);
});
