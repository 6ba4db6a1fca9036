import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { type MetricFamily, metricFamilies } from '../../tools/test/metric-samples.ts';
import { busyMetrics } from '../../tools/test/running-metrics.ts';

/* The files that build on the metrics: docs/metrics.md, the dashboard for Grafana and the alerts for Prometheus. */

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const docs = join(import.meta.dirname, '../../docs');
const families = metricFamilies(await busyMetrics().text());
const dashboard = JSON.parse(readFileSync(join(docs, 'grafana/scenecast.json'), 'utf8'));
const panels: readonly Panel[] = dashboard.panels;

/** What Prometheus adds, and the bounds of histograms. */
const anyLabels = ['instance', 'job', 'le'];

/** The names of metrics in an expression or a text with one; those of the parts of histograms included. */
function namesIn(expression: string): string[] {
  return [...expression.matchAll(/\b(?:scenecast_\w+|up)\b/g)].map(([name]) => name);
}

function familyOf(name: string): MetricFamily | undefined {
  return families.find((family) => {
    const parts = ['_bucket', '_sum', '_count'].map((part) => `${family.name}${part}`);
    return family.type === 'histogram' ? parts.includes(name) : name === family.name;
  });
}

/** Metrics of an expression that do not exist, and labels that none of its metrics has; `legend` may name some too. */
function faultsOf(expression: string, legend = ''): string[] {
  const names = namesIn(expression).filter((name) => name !== 'up');
  const known = [...anyLabels, ...names.flatMap((name) => familyOf(name)?.labels ?? [])];
  const selected = [...expression.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!);
  const grouped = [...expression.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(
    ([, list]) => list!.split(',').flatMap((label) => label.trim() || []),
  );
  const shown = [...legend.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label]) => label!);
  return [
    ...names.filter((name) => !familyOf(name)),
    ...[...selected, ...grouped, ...shown].filter((label) => !known.includes(label)),
    ...(expression.split('(').length === expression.split(')').length ? [] : ['unbalanced ()']),
    ...(expression.split('{').length === expression.split('}').length ? [] : ['unbalanced {}']),
  ];
}

test('the table of docs/metrics.md is what is registered', () => {
  const rows = families.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  const table = markdownTable(['metric', 'type', 'labels', 'meaning'], rows);
  const page = readFileSync(join(docs, 'metrics.md'), 'utf8');
  expect(
    page
      .split('\n')
      .filter((line) => line.startsWith('| `scenecast_'))
      .join('\n'),
  ).toBe(table.split('\n').slice(2).join('\n'));
});

test('the dashboard uses only metrics and labels that exist', () => {
  const targets = panels.flatMap(({ title, targets: all = [] }) => all.map((each) => ({ title, ...each })));
  expect(targets.length).toBeGreaterThan(20);
  for (const { title, expr, legendFormat } of targets) {
    expect(namesIn(expr), title).not.toEqual([]);
    expect(faultsOf(expr, legendFormat), `${title}: ${expr}`).toEqual([]);
  }
  for (const { type, definition } of dashboard.templating.list)
    if (type === 'query') {
      const [, expression, label] = /^label_values\((.*), (\w+)\)$/.exec(definition)!;
      expect([...faultsOf(expression!), ...faultsOf(`${expression} by (${label})`)], definition).toEqual([]);
    }
});

test('the panels of the dashboard have ids and places of their own, and one data source', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, type, datasource, gridPos } of panels) {
    if (type !== 'row') expect(datasource?.uid, title).toMatch(/^\$\{datasource\}$/);
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.has(`${x} ${y}`), title).toBe(false);
        taken.add(`${x} ${y}`);
      }
  }
  const variables = dashboard.templating.list.map(({ name }: { name: string }) => name);
  for (const [, name] of JSON.stringify(panels).matchAll(/\$\{?([a-z]\w*)/g))
    expect(variables).toContain(name);
});

test('the alerts use only metrics and labels that exist', () => {
  const { groups } = parse(readFileSync(join(docs, 'prometheus/alerts.yaml'), 'utf8'));
  const rules = groups.flatMap((group: { rules: object[] }) => group.rules);
  expect(rules.length).toBeGreaterThan(8);
  for (const { alert, expr, labels, annotations } of rules) {
    expect(faultsOf(expr, annotations.summary), alert).toEqual([]);
    expect(['info', 'warning', 'critical']).toContain(labels.severity);
  }
});
