import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { floorViolations, readSources } from '../../tools/check/import-floors.ts';

test('src follows the import rules', () => {
  const sources = readSources();
  expect(sources.size).toBeGreaterThan(200);
  expect(floorViolations(sources)).toEqual([]);
});

test.each([
  ['domain/x.ts', "import { ulid } from '../pipeline/pipeline.ts';"],
  ['domain/x.ts', "import { syncFolder } from '../system/x.ts';"],
  ['system/x.ts', "import type { Log } from '../pipeline/ports.ts';"],
  ['pipeline/x.ts', "await import('../mqtt/publishing/publisher.ts')"],
  ['contract/x.ts', "import type { Config } from '../config/schema.ts';"],
  ['config/x.ts', "import { probeBoard } from '../board/probe-board.ts';"],
  ['camera/x.ts', "import type { Config } from '../config/schema.ts';"],
  ['camera/x.ts', "import {\n  a,\n} from '../vision/native/addon.ts';"],
  ['vision/x.ts', "import { Pipeline } from '../pipeline/pipeline.ts';"],
  ['vision/process/x.ts', "fork(new URL('../../camera/scene-worker.ts', import.meta.url))"],
  ['board/x.ts', "import { planEngine } from '../planning/plan-engine.ts';"],
  ['planning/x.ts', "import { loadCatalogue } from '../models/catalogue.ts';"],
  ['mqtt/x.ts', "import { discoveryOf } from '../home-assistant/discovery.ts';"],
  ['home-assistant/x.ts', "import { BrokerLink } from '../mqtt/connection/broker-link.ts';"],
  ['store/x.ts', "import { topicsOf } from '../contract/topics.ts';"],
  ['setup/x.ts', "import { App } from '../daemon/app.ts';"],
  ['daemon/x.ts', "import { runCommand } from '../cli/run.ts';"],
  ['cli/x.ts', "import '../main.ts';"],
  ['gate/x.ts', 'await import(`../camera/login.ts`)'],
  ['gate/x.ts', "import { until } from '../../tools/test/until.ts';"],
  ['mqtt/publishing/x.ts', "require('./thing.node')"],
  ['helpers/thing.ts', ''],
  ['app.ts', ''],
])('a violation planted in %s is seen: %s', (path, text) => {
  expect(floorViolations(readSources().set(path, text))).toHaveLength(1);
});

test.each([
  ['values', "import { b } from './b.ts';", "export { a } from './a.ts';"],
  ['types', "import type { B } from './b.ts';", "import type { A } from './a.ts';"],
  ['worker addresses', "import { b } from './b.ts';", "new URL('./a.ts', import.meta.url)"],
])('a circle through %s is seen', (_, a, b) => {
  const sources = readSources().set('gate/a.ts', a).set('gate/b.ts', b);
  expect(floorViolations(sources)).toEqual(['circle: gate/a.ts -> gate/b.ts -> gate/a.ts']);
});

test('a circle through several files, and one of a file with itself, are seen', () => {
  const sources = new Map([
    ['gate/a.ts', "import { b } from './b.ts';"],
    ['gate/b.ts', "import { c } from './c.ts';\nimport { b } from './b.ts';"],
    ['gate/c.ts', "import { a } from './a.ts';"],
  ]);
  expect(floorViolations(sources)).toEqual([
    'circle: gate/a.ts -> gate/b.ts -> gate/c.ts -> gate/a.ts',
    'circle: gate/b.ts -> gate/b.ts',
  ]);
});

test('allowed imports are not reported', () => {
  const sources = new Map([
    ['mqtt/x.ts', "import { a } from '../contract/payloads.ts';\nimport { b } from '../pipeline/ports.ts';"],
    ['config/x.ts', "import { questionSchema } from '../contract/questions.ts';"],
    [
      'cli/x.ts',
      "import { a } from '../daemon/app.ts';\nimport { b } from 'mqtt';\nimport '../vision/x.ts';",
    ],
    ['vision/x.ts', "createRequire(import.meta.url)('./mtmd.node')"],
  ]);
  expect(floorViolations(sources)).toEqual([]);
});

test('tools import nothing from test/: what both need is in tools/test', () => {
  const root = join(import.meta.dirname, '../..');
  const paths = globSync('tools/!(toolchain)/*.ts', { cwd: root });
  expect(paths.length).toBeGreaterThan(100);
  const imported = paths.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/\bfrom '(\.[^']+)'/g)].map(([, specifier]) =>
      posix.join(posix.dirname(path), specifier!),
    ),
  );
  expect(imported.filter((target) => target.startsWith('test/'))).toEqual([]);
});
