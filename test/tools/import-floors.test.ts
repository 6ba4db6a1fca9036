import { expect, test } from 'vitest';
import { floorViolations, readSources } from '../../tools/check/import-floors.ts';

test('the house keeps its floors', () => {
  const sources = readSources();
  expect(sources.size).toBeGreaterThan(20);
  expect(floorViolations(sources)).toEqual([]);
});

test.each([
  ['domain/frame.ts', "import { ulid } from '../pipeline/pipeline.ts';"],
  ['camera/still.ts', "import type { Config } from '../config/schema.ts';"],
  ['camera/still.ts', "import {\n  a,\n} from '../vision/addon.ts';"],
  ['vision/engine-client.ts', "import { Pipeline } from '../pipeline/pipeline.ts';"],
  ['vision/engine-client.ts', "fork(new URL('../camera/scene-worker.ts', import.meta.url))"],
  ['pipeline/pipeline.ts', "await import('../mqtt/mqtt-publisher.ts')"],
  ['mqtt/mqtt-publisher.ts', "require('./thing.node')"],
  ['helpers/thing.ts', ''],
])('a violation planted in %s is seen: %s', (path, text) => {
  expect(floorViolations(readSources().set(path, text))).toHaveLength(1);
});

test('what the floors allow is let through', () => {
  const sources = new Map([
    ['mqtt/x.ts', "import { a } from '../contract/payloads.ts';\nimport { b } from '../pipeline/ports.ts';"],
    ['cli/x.ts', "import { a } from '../app.ts';\nimport { b } from 'mqtt';\nimport '../vision/addon.ts';"],
    ['vision/x.ts', "createRequire(import.meta.url)('./mtmd.node')"],
  ]);
  expect(floorViolations(sources)).toEqual([]);
});
