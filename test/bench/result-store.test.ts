import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KeptResult } from '../../tools/bench/speed/result.ts';
import { ResultStore } from '../../tools/bench/speed/result-store.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-bench-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function resultOf(codeDigest: string, roundCount: number, scene = 'slow'): KeptResult {
  return { model: 'demo', scene, codeDigest, roundCount };
}

test('a run resumes with the results that are kept', () => {
  const result = resultOf('abc', 3);
  new ResultStore(folder).keep(result);
  const store = new ResultStore(folder);
  expect(store.find(resultOf('abc', 2))).toEqual(result);
  expect(store.find(resultOf('abc', 3, 'changing'))).toBeNull();
});

test('a result of other code, or of too few rounds, is measured again', () => {
  const store = new ResultStore(folder);
  store.keep(resultOf('abc', 3));
  expect(store.find(resultOf('def', 3))).toBeNull();
  expect(store.find(resultOf('abc', 5))).toBeNull();
});

test('a file that was cut off is measured again', () => {
  writeFileSync(join(folder, 'demo-slow.json'), '{"model": "de');
  expect(new ResultStore(folder).find(resultOf('abc', 3))).toBeNull();
});
