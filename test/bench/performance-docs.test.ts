import { expect, test } from 'vitest';
import type { BenchRun, Sample, Side } from '../../tools/bench/speed/result.ts';
import { performanceChart } from '../../tools/docs/performance-chart.ts';
import { performanceTable } from '../../tools/docs/performance-table.ts';

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
      ...{ ours: sideOf(30, 20), theirs: sideOf(60, 40), notes: ['text equal in 6 of 6 pictures'] },
    },
  ],
};

test('the table shows both totals, their ratio, the notes, and where it was measured', () => {
  const table = performanceTable(run);
  expect(table).toMatch(
    /\| demo\s+\| slow\s+\| 50 ms\s+\| 100 ms\s+\| 0\.50\s+\| 100 \/ 100\s+\| 50 \/ 50 MB/,
  );
  expect(table).toContain('2 x CPU, 2 threads, `libggml-cpu-x64.so`, llama.cpp v0.5.0, 2026-11-30');
  expect(table).toContain('- demo, slow: text equal in 6 of 6 pictures.');
});

test('the slower side fills the width of the chart, and its stages are in proportion', () => {
  const chart = performanceChart(run.results);
  const widths = [...chart.matchAll(/class="encodeMs"[^>]* width="([\d.]+)" height="15"/g)].map(([, width]) =>
    Number(width),
  );
  expect(widths).toEqual([132, 264]);
  expect(chart).toContain('100 ms');
});
