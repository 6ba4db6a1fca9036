import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { KeyedFile } from '../../src/system/keyed-file.ts';

let path: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-keyed-'));
  path = join(folder, 'state/kept.json');
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

test('keeps entries by key, across objects', async () => {
  const file = new KeyedFile(path, z.number());
  expect(await file.read('a')).toBeNull();
  await file.write('a', 1);
  await file.write('b', 2);
  await file.write('a', 3);
  const other = new KeyedFile(path, z.number());
  expect([await other.read('a'), await other.read('b')]).toEqual([3, 2]);
});

test('drops the entries written first', async () => {
  const file = new KeyedFile(path, z.number(), 2);
  for (const key of ['a', 'b', 'a', 'c']) await file.write(key, 1);
  const kept = await Promise.all(['a', 'b', 'c'].map((key) => file.read(key)));
  expect(kept).toEqual([1, null, 1]);
});

test('a damaged file counts as empty', async () => {
  const file = new KeyedFile(path, z.number());
  await file.write('a', 1);
  for (const damaged of [readFileSync(path, 'utf8').slice(0, 20), '{"version":1,"models":{"a":"one"}}', '']) {
    writeFileSync(path, damaged);
    expect(await file.read('a')).toBeNull();
    await file.write('b', 2);
    expect(await file.read('b')).toBe(2);
  }
});
