import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { replaceFile } from '../../src/system/replace-file.ts';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-replace-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a file is replaced, its folder created, and no other file left there', async () => {
  const folder = join(scratch(), 'a', 'b');
  const path = join(folder, 'state.json');
  await replaceFile(path, 'first');
  await replaceFile(path, 'second');
  expect(readFileSync(path, 'utf8')).toBe('second');
  expect(readdirSync(folder)).toEqual(['state.json']);
});

test('a file that cannot be replaced stays, and no other file is left next to it', async () => {
  const folder = scratch();
  const path = join(folder, 'state.json');
  mkdirSync(path);
  await expect(replaceFile(path, 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(folder)).toEqual(['state.json']);
});
