/**
 * Writes the tables of docs/performance.md and the chart docs/images/performance.svg from a result of `npm run bench`.
 *
 *   npm run docs:performance [-- build/bench/<date>.json]     default: the newest one
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchRun } from '../bench/speed/result.ts';
import { performanceChart } from './performance-chart.ts';
import { daemonPerformanceTable, performanceTable } from './performance-table.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/performance.md');

const { positionals } = parseArgs({ allowPositionals: true });
const newest = globSync('build/bench/*.json', { cwd: root }).sort().at(-1);
const path = positionals[0] ?? (newest && join(root, newest));
if (path === undefined) throw new Error('build/bench has no results; run npm run bench first');

const run = JSON.parse(readFileSync(path, 'utf8')) as BenchRun;
const blocks = { performance: performanceTable(run), 'performance-daemon': daemonPerformanceTable(run) };
let text = readFileSync(page, 'utf8');
for (const [name, table] of Object.entries(blocks)) {
  const block = new RegExp(`(<!-- generated: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  text = text.replace(block, (_, start: string, end: string) => `${start}\n${table}\n\n${end}`);
}
writeFileSync(page, text);
writeFileSync(join(root, 'docs/images/performance.svg'), performanceChart(run.results, run.daemon));
