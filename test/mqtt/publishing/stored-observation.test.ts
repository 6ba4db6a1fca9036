import { expect, test } from 'vitest';
import { observedPayload } from '../../../src/contract/payloads.ts';
import { withRightTime } from '../../../src/mqtt/publishing/stored-observation.ts';
import { bootTime } from '../../../src/system/boot-time.ts';
import { madeObservation } from '../../../tools/durability/made-observation.ts';

/** Captured ten seconds after the start of a board whose clock began in 1970, and stored by then. */
function storedAt(capturedAt: Date, ms: number) {
  const made = madeObservation(1);
  const observation = { ...made, totalMs: 4000, frame: { ...made.frame, capturedAt } };
  return {
    description: observedPayload(observation, capturedAt),
    judged: observation.judged,
    storedAt: { boot: 'this', ms },
  };
}

const captured = new Date('1970-01-01T00:00:10Z');

test('before the clock is set, an observation says that its time is wrong', () => {
  const { description } = storedAt(captured, 14_000);
  expect(description).toMatchObject({ clock: 'unset', captured_at: '1970-01-01T00:00:10.000Z' });
  const stored = storedAt(captured, 14_000);
  expect(withRightTime(stored, new Date('1970-01-01T00:01:00Z'), { boot: 'this', ms: 60_000 })).toBe(stored);
});

test('once the clock is set, its time is corrected', () => {
  const now = new Date('2026-11-30T06:00:00Z');
  const { description, judged } = withRightTime(storedAt(captured, 14_000), now, {
    boot: 'this',
    ms: 74_000,
  });
  expect(judged).toEqual(storedAt(captured, 14_000).judged);
  // A minute after it was stored, and 64 s after the capture.
  expect(description.captured_at).toBe('2026-11-30T05:58:56.000Z');
  expect(description).not.toHaveProperty('clock');
});

test('after a restart of the board its age is unknown: it stays marked', () => {
  const stored = storedAt(captured, 14_000);
  const sent = withRightTime(stored, new Date('2026-11-30T06:00:00Z'), { boot: 'another', ms: 74_000 });
  expect(sent.description).toMatchObject({ clock: 'unset', captured_at: '1970-01-01T00:00:10.000Z' });
});

test('with a clock that is set, nothing is marked', () => {
  const { description } = storedAt(new Date('2026-11-30T05:00:00Z'), 0);
  expect(description).not.toHaveProperty('clock');
});

test('the time since the start of the board runs on, and belongs to one boot', () => {
  const [a, b] = [bootTime(), bootTime()];
  expect(b.boot).toBe(a.boot);
  expect(b.ms - a.ms).toBeGreaterThanOrEqual(0);
});
