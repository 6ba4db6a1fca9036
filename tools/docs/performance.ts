/**
 * Writes the table of docs/performance.md and the chart docs/images/performance.svg from a result of `npm run bench`.
 *
 *   npm run docs:performance [-- build/bench/<date>.json]     default: the newest one
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchRun } from '../bench/speed/result.ts';
import { performanceChart } from './performance-chart.ts';
import { performanceTable } from './performance-table.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/performance.md');

const { positionals } = parseArgs({ allowPositionals: true });
const newest = globSync('build/bench/*.json', { cwd: root }).sort().at(-1);
const path = positionals[0] ?? (newest && join(root, newest));
if (path === undefined) throw new Error('build/bench has no results; run npm run bench first');

const run = JSON.parse(readFileSync(path, 'utf8')) as BenchRun;
const text = readFileSync(page, 'utf8');
const replaced = text.replace(
  /(<!-- generated: performance -->\n)[\s\S]*?(<!-- end -->)/,
  (_, start: string, end: string) => `${start}\n${performanceTable(run)}\n\n${end}`,
);
writeFileSync(page, replaced);
writeFileSync(join(root, 'docs/images/performance.svg'), performanceChart(run.results));
