import { expect, test } from 'vitest';
import type { Ending } from '../../../src/mqtt/connection/ending.ts';
import { TakeoverWatch } from '../../../src/mqtt/connection/takeover-watch.ts';

const silent: Ending = { connectedMs: 2000, error: null, reasonCode: null, wasQuiet: true };
const reset: Ending = { ...silent, error: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) };
const isAway: Ending = { ...silent, connectedMs: 0, error: new Error('ECONNREFUSED'), wasQuiet: false };

/** Five endings, after which another client is suspected. */
function suspicious(): TakeoverWatch {
  const watch = new TakeoverWatch({ stableMs: 30_000, clearMs: 900_000 });
  const found = [silent, reset, silent, silent, silent].map((ending) => watch.ended(ending));
  expect(found).toEqual([null, null, null, null, 'suspected']);
  return watch;
}

test('what the broker says is certain', () => {
  const watch = new TakeoverWatch({ stableMs: 30_000, clearMs: 900_000 });
  expect(watch.ended({ ...silent, reasonCode: 0x8e })).toBe('certain');
});

test.each([
  ['a failed attempt to connect: the broker restarts', isAway],
  ['a message that was not acknowledged', { ...silent, wasQuiet: false }],
  ['a stable connection', { ...silent, connectedMs: 60_000 }],
  ['another reason of the broker', { ...silent, reasonCode: 0x8b }],
  ['another error', { ...silent, error: new Error('keepalive timeout') }],
])('silent endings with %s in between are not suspicious', (_what, other) => {
  const watch = new TakeoverWatch({ stableMs: 30_000, clearMs: 900_000 });
  for (let round = 0; round < 4; round++)
    for (const ending of [silent, silent, silent, silent, other]) expect(watch.ended(ending)).toBeNull();
});

test('once suspected, the longer connections after the longer waits count too', () => {
  const watch = suspicious();
  expect(watch.ended({ ...silent, connectedMs: 200_000 })).toBe('suspected');
  expect(watch.ended({ ...silent, connectedMs: 800_000 })).toBe('suspected');
});

test.each([
  ['a broker that was away', isAway],
  ['a connection of a quarter of an hour', { ...silent, connectedMs: 900_000 }],
])('%s ends the suspicion', (_what, ending) => {
  const watch = suspicious();
  expect(watch.ended(ending)).toBeNull();
  expect(watch.ended(silent)).toBeNull();
});
