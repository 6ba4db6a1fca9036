import { expect, test } from 'vitest';
import { median, medianOf, ratioOf, type Sample, type Side } from '../../tools/bench/speed/result.ts';
import { formatMs, resultTable } from '../../tools/bench/speed/table.ts';

const sample: Sample = {
  ...{ totalMs: 1000, encodeMs: 500, prefillMs: 300, generateMs: 150, restMs: 50 },
  ...{ promptTokens: 200, completionTokens: 30, draftedTokens: 0, acceptedTokens: 0 },
  ...{ rightCaptions: 1, pictures: 2 },
};

function sideOf(...totals: number[]): Side {
  return { rounds: totals.map((totalMs) => ({ ...sample, totalMs })), peakBytes: 100e6 };
}

test('the median of an even number of values is the mean of the middle two', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 10, 2])).toBe(3);
});

test('a ratio divides our median by theirs, so that one slow round changes nothing', () => {
  const [ours, theirs] = [sideOf(300, 9000, 250), sideOf(600, 650, 500)];
  expect(medianOf(ours, 'totalMs')).toBe(300);
  expect(ratioOf({ ours, theirs }, 'totalMs')).toBe(0.5);
});

test('a table has two rows for each scene, and counts right captions of all rounds', () => {
  const table = resultTable([
    {
      ...{ model: 'demo', scene: 'changing', date: '', cpu: '', build: '', threads: 2, codeDigest: '' },
      ...{ loadBefore: 0, loadAfter: 0, notes: [] },
      ...{ ours: sideOf(250, 260), theirs: sideOf(510, 510) },
    },
  ]);
  const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows).toHaveLength(4);
  expect(rows[2]).toEqual(expect.arrayContaining(['Scenecast', '255 ms', '200.0', '2/4', '100 MB', '0.50']));
  expect(rows[3]).toEqual(expect.arrayContaining(['llama-server', '510 ms']));
});

test('times are rounded to what they are worth', () => {
  expect([0.43, 47.4, 9400, 17_340].map(formatMs)).toEqual(['0.4 ms', '47 ms', '9400 ms', '17.3 s']);
});
