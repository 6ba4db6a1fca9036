import { afterEach, expect, test, vi } from 'vitest';
import { DeliveryQuarantine } from '../../../src/mqtt/publishing/delivery-quarantine.ts';
import { LogLines } from '../../../tools/test/log-lines.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('a refused entry is skipped until the next connection', () => {
  const quarantine = new DeliveryQuarantine<number>(new LogLines(), (seq) => ({ seq }));
  quarantine.refused(7);
  expect([quarantine.has(7), quarantine.nextRetryInMs(), quarantine.release()]).toEqual([true, null, false]);
  quarantine.newConnection();
  expect(quarantine.has(7)).toBe(false);
});

test('an entry is skipped for ten minutes after three connections end over it, later after one', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const log = new LogLines();
  const quarantine = new DeliveryQuarantine<number>(log, (seq) => ({ seq }));
  quarantine.connectionEnded(7);
  expect(quarantine.isSuspicious).toBe(false);
  quarantine.connectionEnded(7);
  expect([quarantine.isSuspicious, quarantine.has(7)]).toEqual([true, false]);
  quarantine.connectionEnded(7);
  quarantine.newConnection();
  expect([quarantine.isSuspicious, quarantine.has(7), quarantine.nextRetryInMs()]).toEqual([
    false,
    true,
    600_000,
  ]);
  vi.advanceTimersByTime(600_000);
  expect(quarantine.release()).toBe(true);
  expect([quarantine.has(7), quarantine.release(), quarantine.nextRetryInMs()]).toEqual([false, false, null]);
  quarantine.connectionEnded(7);
  expect(quarantine.has(7)).toBe(true);
  expect(log.lines).toHaveLength(2);
  expect(log.lines[0]?.fields).toMatchObject({ seq: 7, connections: 3 });
});

test('no entry is suspected if connections end over a different one each time', () => {
  const quarantine = new DeliveryQuarantine<number>(new LogLines(), (seq) => ({ seq }));
  for (const seq of [1, 2, 3, 4, 5]) quarantine.connectionEnded(seq);
  quarantine.connectionEnded(null);
  expect(quarantine.isSuspicious).toBe(false);
  expect([1, 2, 3, 4, 5].some((seq) => quarantine.has(seq))).toBe(false);
});

test('a message that will not be sent any more is suspected no longer', () => {
  const quarantine = new DeliveryQuarantine<string>(new LogLines(), (topic) => ({ topic }));
  quarantine.connectionEnded('old');
  quarantine.connectionEnded('old');
  quarantine.forget('old');
  expect(quarantine.isSuspicious).toBe(false);
});
