import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Job } from '../../tools/bench/speed/contender.ts';
import { threadArguments, threadChoices } from '../../tools/bench/speed/peer-threads.ts';
import { fastestOf } from '../../tools/bench/speed/tune-peer.ts';

const jobs = Array.from({ length: 5 }, () => ({}) as Job);

/** Reports these times, by choice and picture; Infinity: it never ends. */
function programs(times: Record<string, readonly number[]>) {
  const calls: string[] = [];
  const start = async (choice: string) => ({
    describe: async (_: Job, signal: AbortSignal) => {
      const picture = calls.filter((call) => call === choice).length;
      calls.push(choice);
      const totalMs = times[choice]![picture]!;
      if (totalMs === Number.POSITIVE_INFINITY) await sleep(60_000, undefined, { signal });
      return { totalMs };
    },
    close: async () => void calls.push(`${choice} closed`),
  });
  return { calls, start };
}

test('the choice with the shortest median wins, whatever its first pictures took', async () => {
  const { start, calls } = programs({
    slow: [9, 9, 8, 8, 8],
    fast: [90, 90, 50, 6, 7],
    late: [1, 1, 1, 9, 9],
  });
  expect(await fastestOf(['slow', 'fast', 'late'], start, jobs)).toBe('fast');
  expect(calls.filter((call) => call.endsWith('closed'))).toHaveLength(3);
});

test('a choice that takes much longer than the best is given up', async () => {
  const { start, calls } = programs({ fast: [5, 5, 5, 5, 5], slow: [9, 9, Number.POSITIVE_INFINITY] });
  expect(await fastestOf(['fast', 'slow'], start, jobs)).toBe('fast');
  expect(calls.slice(6)).toEqual(['slow', 'slow', 'slow', 'slow closed']);
});

test('a peer may use one thread where all of them are in the way', () => {
  expect(threadChoices(2).map((threads) => threadArguments(threads).join(' '))).toEqual([
    '-t 2 -tb 2',
    '-t 1 -tb 2',
    '-t 1 -tb 1',
  ]);
  expect(threadChoices(1)).toHaveLength(1);
});
