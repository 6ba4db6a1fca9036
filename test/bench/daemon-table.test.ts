import { expect, test } from 'vitest';
import { daemonTable, spreadNotes } from '../../tools/bench/speed/daemon-table.ts';
import type { DaemonResult, DaemonSample } from '../../tools/bench/speed/result.ts';

const sample: DaemonSample = {
  ...{ perSecond: 10, least: 40, most: 50, loopDelayP99Ms: 12.34 },
  ...{ daemonCpu: 8, engineCpu: 150, daemonBytes: 120e6, engineBytes: 180e6 },
};
const result: DaemonResult = {
  ...{ model: 'demo', scene: 'cameras', codeDigest: '', roundCount: 3, machine: '', date: '', loadBefore: 0 },
  cases: [
    {
      cameras: 1,
      rounds: [sample, { ...sample, perSecond: 30, least: 41 }, { ...sample, perSecond: 12, most: 49 }],
    },
    { cameras: 16, rounds: [{ ...sample, perSecond: 9, least: 3 }] },
  ],
};

test('a row has the medians of one number of cameras, and the fewest and most of all rounds', () => {
  const rows = daemonTable([result])
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows[2]!.slice(1, -1)).toEqual([
    ...['cameras', '1', '12.00', '40/50', '12.3 ms', '8.0 + 150.0 %', '120 + 180 MB'],
  ]);
  expect(rows[3]!.slice(2, 5)).toEqual(['16', '9.00', '3/50']);
});

test('a note says how far the numbers of cameras are apart', () => {
  expect(spreadNotes([result])).toEqual(['cameras: from 9.00 to 12.00 descriptions/s, 25 % apart']);
  expect(spreadNotes([{ ...result, cases: result.cases.slice(0, 1) }])).toEqual([]);
});
