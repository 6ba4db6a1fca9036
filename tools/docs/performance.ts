/**
 * Writes the tables of docs/performance.md and the chart docs/images/performance.svg from what `npm run bench` measured.
 * tools/docs/performance.json keeps the newest result of each scene, so that the scenes need not be measured in one go.
 *
 *   npm run docs:performance
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchModels } from '../bench/speed/models.ts';
import type { DaemonResult, SceneResult } from '../bench/speed/result.ts';
import { isDaemonScene } from '../bench/speed/scenes.ts';
import { performanceChart } from './performance-chart.ts';
import { daemonPerformanceTable, performanceTable } from './performance-table.ts';

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/performance.md');
const keptPath = join(import.meta.dirname, 'performance.json');

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

const fresh = globSync('build/bench/scenes/*.json', { cwd: root }).map((path) =>
  readJson<SceneResult | DaemonResult>(join(root, path)),
);
const newest = new Map<string, SceneResult | DaemonResult>();
for (const result of [...readJson<(SceneResult | DaemonResult)[]>(keptPath), ...fresh]) {
  const key = `${result.model}/${result.scene}`;
  const known = newest.get(key);
  if (!known || known.date < result.date) newest.set(key, result);
}
const all = benchModels.flatMap(({ name, scenes, daemonScenes }) =>
  [...scenes, ...daemonScenes].flatMap((scene) => newest.get(`${name}/${scene}`) ?? []),
);
const results = all.filter((result): result is SceneResult => !isDaemonScene(result.scene));
const daemon = all.filter((result): result is DaemonResult => isDaemonScene(result.scene));

const blocks = {
  performance: performanceTable(results),
  'performance-daemon': daemonPerformanceTable(daemon),
};
let text = readFileSync(page, 'utf8');
for (const [name, table] of Object.entries(blocks)) {
  const block = new RegExp(`(<!-- generated: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  text = text.replace(block, (_, start: string, end: string) => `${start}\n${table}\n\n${end}`);
}
writeFileSync(keptPath, `${JSON.stringify(all, null, 2)}\n`);
writeFileSync(page, text);
writeFileSync(join(root, 'docs/images/performance.svg'), performanceChart(results, daemon));
