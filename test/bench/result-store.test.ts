import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Sample, SceneResult } from '../../tools/bench/speed/result.ts';
import { ResultStore } from '../../tools/bench/speed/result-store.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-bench-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function resultOf(codeDigest: string, rounds: number): SceneResult {
  const side = { rounds: Array.from({ length: rounds }, () => ({ totalMs: 1 }) as Sample), peakBytes: 1 };
  return {
    ...{ model: 'demo', scene: 'slow', date: '', cpu: '', build: '', threads: 2, codeDigest },
    ...{ loadBefore: 0, loadAfter: 0, ours: side, theirs: side, notes: [] },
  };
}

test('a run resumes with the results that are kept', () => {
  const result = resultOf('abc', 3);
  new ResultStore(folder).keep(result);
  const store = new ResultStore(folder);
  expect(store.find('demo', 'slow', 'abc', 3)).toEqual(result);
  expect(store.find('demo', 'changing', 'abc', 3)).toBeNull();
});

test('a result of other code, or of too few rounds, is measured again', () => {
  const store = new ResultStore(folder);
  store.keep(resultOf('abc', 3));
  expect(store.find('demo', 'slow', 'def', 3)).toBeNull();
  expect(store.find('demo', 'slow', 'abc', 5)).toBeNull();
});

test('a file that was cut off is measured again', () => {
  writeFileSync(join(folder, 'demo-slow.json'), '{"model": "de');
  expect(new ResultStore(folder).find('demo', 'slow', 'abc', 3)).toBeNull();
});
