import { expect, test } from 'vitest';
import type { BenchRun, DaemonResult, DaemonSample, Sample, Side } from '../../tools/bench/speed/result.ts';
import { performanceChart } from '../../tools/docs/performance-chart.ts';
import { daemonPerformanceTable, performanceTable } from '../../tools/docs/performance-table.ts';

function sideOf(encodeMs: number, generateMs: number): Side {
  const stages = { encodeMs, generateMs, prefillMs: 0, restMs: 0, totalMs: encodeMs + generateMs };
  const counts = { promptTokens: 100, completionTokens: 10, draftedTokens: 0, acceptedTokens: 0 };
  const sample: Sample = { ...stages, ...counts, rightCaptions: 0, pictures: 1 };
  return { rounds: [sample], peakBytes: 50e6 };
}

const run: BenchRun = {
  ...{ rounds: 1, machine: '2 x CPU', loadAtStart: 0.1, loadAtEnd: 1 },
  results: [
    {
      ...{ model: 'demo', scene: 'slow', date: '2026-11-30T00:00:00Z', cpu: 'libggml-cpu-x64.so' },
      ...{ build: 'llama.cpp v0.5.0', threads: 2, codeDigest: '', loadBefore: 0, loadAfter: 0 },
      ...{ roundCount: 1, ours: sideOf(30, 20), notes: ['text equal in 6 of 6 pictures'] },
      peers: [{ name: 'llama-server', threads: '-t 1 -tb 2', ...sideOf(60, 40) }],
    },
  ],
  daemon: [
    {
      ...{ model: 'demo', scene: 'cameras', date: '2026-11-30T00:00:00Z', codeDigest: '', roundCount: 1 },
      loadBefore: 0,
      cases: [caseOf(1, 20), caseOf(16, 10)],
    },
  ],
};

function caseOf(cameras: number, perSecond: number): DaemonResult['cases'][number] {
  const sample: DaemonSample = {
    ...{ perSecond, least: 1, most: 2, loopDelayP99Ms: 3 },
    ...{ daemonCpu: 4, engineCpu: 5, daemonBytes: 6e6, engineBytes: 7e6 },
  };
  return { cameras, rounds: [sample] };
}

test('the table shows both totals, their ratio, the notes, and where it was measured', () => {
  const table = performanceTable(run);
  expect(table).toMatch(
    /\| demo +\| slow +\| 50 ms +\| 100 ms +\| llama-server `-t 1 -tb 2` +\| 0\.50 +\| 100 \/ 100 +\| 50 \/ 50 MB/,
  );
  expect(table).toContain('Medians of 1 rounds, 2 x CPU, 2026-11-30; load average before: 0.10; 2 threads');
  expect(table).toContain('- demo, slow: text equal in 6 of 6 pictures.');
});

test('the slower side fills the width of the chart, and its stages are in proportion', () => {
  const chart = performanceChart(run.results, []);
  const widths = [...chart.matchAll(/class="encodeMs"[^>]* width="([\d.]+)" height="15"/g)].map(([, width]) =>
    Number(width),
  );
  expect(widths).toEqual([132, 264]);
  expect(chart).toContain('100 ms');
});

test('the daemon has a table and bars of its own, without a ratio', () => {
  const table = daemonPerformanceTable(run);
  expect(table).toMatch(/\| cameras +\| 16 +\| 10\.00 /);
  expect(table).toContain('- cameras: from 10.00 to 20.00 descriptions/s, 50 % apart.');
  expect(table).not.toContain('ratio');
  const chart = performanceChart([], run.daemon);
  const widths = [...chart.matchAll(/<rect class="rate"[^>]* width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  expect(widths).toEqual([440, 220]);
  expect(chart).toContain('no peer');
  expect(chart).not.toContain('ratio');
});
