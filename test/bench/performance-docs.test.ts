import { expect, test } from 'vitest';
import type {
  DaemonResult,
  DaemonSample,
  Sample,
  SceneResult,
  Side,
} from '../../tools/bench/speed/result.ts';
import { performanceChart } from '../../tools/docs/performance-chart.ts';
import { daemonPerformanceTable, performanceTable } from '../../tools/docs/performance-table.ts';

function sideOf(encodeMs: number, generateMs: number): Side {
  const stages = { encodeMs, generateMs, prefillMs: 0, restMs: 0, totalMs: encodeMs + generateMs };
  const counts = { promptTokens: 100, completionTokens: 10, draftedTokens: 0, acceptedTokens: 0 };
  const sample: Sample = { ...stages, ...counts, rightCaptions: 0, pictures: 1 };
  return { rounds: [sample], peakBytes: 50e6 };
}

const where = { machine: '2 x CPU', date: '2026-11-30T00:00:00Z' };
const slow: SceneResult = {
  ...{ model: 'demo', scene: 'slow', ...where, cpu: 'libggml-cpu-x64.so' },
  ...{ build: 'llama.cpp v0.5.0', threads: 2, codeDigest: '', loadBefore: 0.1, loadAfter: 0 },
  ...{ roundCount: 5, ours: sideOf(30, 20), notes: ['text equal in 6 of 6 pictures'] },
  peers: [{ name: 'llama-server', threads: '-t 1 -tb 2', ...sideOf(60, 40) }],
};
const cameras: DaemonResult = {
  ...{ model: 'demo', scene: 'cameras', ...where, codeDigest: '', roundCount: 5, loadBefore: 0 },
  cases: [caseOf(1, 20), caseOf(16, 10)],
};

function caseOf(cameras: number, perSecond: number): DaemonResult['cases'][number] {
  const sample: DaemonSample = {
    ...{ perSecond, least: 1, most: 2, loopDelayP99Ms: 3 },
    ...{ daemonCpu: 4, engineCpu: 5, daemonBytes: 6e6, engineBytes: 7e6 },
  };
  return { cameras, rounds: [sample] };
}

test('the table shows both totals, their ratio, the notes, and where it was measured', () => {
  const table = performanceTable([slow]);
  expect(table).toMatch(
    /\| demo +\| slow +\| 50 ms +\| 100 ms +\| llama-server `-t 1 -tb 2` +\| 0\.50 +\| 100 \/ 100 +\| 50 \/ 50 MB/,
  );
  expect(table).toContain(
    'Medians of 5 rounds, 2 x CPU, 2026-11-30; load average before: at most 0.10; 2 threads',
  );
  expect(table).toContain('- demo, slow: text equal in 6 of 6 pictures.');
});

test('each machine has a table of its own, which says on which days and with how many rounds', () => {
  const later = {
    ...slow,
    scene: 'busy',
    date: '2026-12-01T00:00:00Z',
    roundCount: 1,
    loadBefore: 0.3,
  } as const;
  const table = performanceTable([slow, { ...later, machine: '8 x Board' }, later]);
  expect(table.match(/\| demo +\| (slow|busy)/g)).toHaveLength(3);
  expect(table).toContain(
    'Medians of 5 or 1 rounds, 2 x CPU, 2026-11-30, 2026-12-01; load average before: at most 0.30',
  );
  expect(table).toContain('Medians of 1 rounds, 8 x Board, 2026-12-01;');
});

test('the slower side fills the width of the chart, and its stages are in proportion', () => {
  const chart = performanceChart([slow], []);
  const widths = [...chart.matchAll(/class="encodeMs"[^>]* width="([\d.]+)" height="15"/g)].map(([, width]) =>
    Number(width),
  );
  expect(widths).toEqual([132, 264]);
  expect(chart).toContain('100 ms');
});

test('the daemon has a table and bars of its own, without a ratio', () => {
  const table = daemonPerformanceTable([cameras]);
  expect(table).toMatch(/\| cameras +\| 16 +\| 10\.00 /);
  expect(table).toContain('- cameras: from 10.00 to 20.00 descriptions/s, 50 % apart.');
  expect(table).not.toContain('ratio');
  const chart = performanceChart([], [cameras]);
  const widths = [...chart.matchAll(/<rect class="rate"[^>]* width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  expect(widths).toEqual([440, 220]);
  expect(chart).toContain('no peer');
  expect(chart).not.toContain('ratio');
});
