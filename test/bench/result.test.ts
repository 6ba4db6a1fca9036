import { expect, test } from 'vitest';
import {
  median,
  medianOf,
  type Peer,
  ratioOf,
  type Sample,
  type SceneResult,
  type Side,
} from '../../tools/bench/speed/result.ts';
import { busyNotes, formatMs, resultTable } from '../../tools/bench/speed/table.ts';

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

function peerOf(name: string, ...totals: number[]): Peer {
  return { ...sideOf(...totals), name, threads: '-t 1 -tb 2' };
}

const result: SceneResult = {
  ...{
    model: 'demo',
    scene: 'changing',
    machine: '',
    date: '',
    cpu: '',
    build: '',
    threads: 2,
    codeDigest: '',
  },
  ...{ loadBefore: 0, loadAfter: 0, roundCount: 2, notes: [] },
  ...{ ours: sideOf(250, 260), peers: [peerOf('llama-server', 510, 510)] },
};

test('a ratio divides our median by the better peer, so that one slow round changes nothing', () => {
  const ours = sideOf(300, 9000, 250);
  const peers = [peerOf('a', 900, 800, 900), peerOf('b', 600, 650, 500)];
  expect(medianOf(ours, 'totalMs')).toBe(300);
  expect(ratioOf({ ours, peers })).toBe(0.5);
});

test('a table has a row for each side of a scene, and counts right captions of all rounds', () => {
  const table = resultTable([{ ...result, peers: [...result.peers, peerOf('llama-mtmd-cli', 620, 620)] }]);
  const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows).toHaveLength(5);
  expect(rows[2]).toEqual(expect.arrayContaining(['Scenecast', '255 ms', '200.0', '2/4', '100 MB', '0.50']));
  expect(rows[3]).toEqual(expect.arrayContaining(['llama-server -t 1 -tb 2', '510 ms']));
  expect(rows[4]).toEqual(expect.arrayContaining(['llama-mtmd-cli -t 1 -tb 2', '620 ms']));
});

test('generation beside a busy core is compared with that of the same side alone', () => {
  const slower = (side: Side, generateMs: number): Side => ({
    ...side,
    rounds: side.rounds.map((round) => ({ ...round, generateMs })),
  });
  const [server] = result.peers;
  const busy: SceneResult = {
    ...{ ...result, scene: 'busy', ours: slower(result.ours, 200) },
    peers: [{ ...server!, ...slower(server!, 600) }],
  };
  expect(busyNotes([result, busy])).toEqual([
    'demo, busy: with one core busy, Scenecast generates 150.0 of 200.0 tokens/s (75 %), ' +
      'llama-server 50.0 of 200.0 tokens/s (25 %)',
  ]);
  expect(busyNotes([{ ...result, model: '350m' }, busy])).toEqual([]);
});

test('times are rounded to what they are worth', () => {
  expect([0.43, 47.4, 9400, 17_340].map(formatMs)).toEqual(['0.4 ms', '47 ms', '9400 ms', '17.3 s']);
});
