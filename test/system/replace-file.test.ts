import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

test('a link in place of the partial file is replaced, and what it leads to stays as it is', async () => {
  const folder = scratch();
  const path = join(folder, 'state.json');
  const target = join(folder, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, `${path}.${process.pid}.partial`);
  await replaceFile(path, 'state');
  expect(readFileSync(target, 'utf8')).toBe('precious');
  expect(readFileSync(path, 'utf8')).toBe('state');
  expect(readdirSync(folder).sort()).toEqual(['state.json', 'target']);
});

test('a link in place of the file is replaced too', async () => {
  const folder = scratch();
  const path = join(folder, 'state.json');
  const target = join(folder, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, path);
  await replaceFile(path, 'state');
  expect([readFileSync(target, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['precious', 'state']);
});

test('only the owner may read the file, whoever could before', async () => {
  const path = join(scratch(), 'state.json');
  writeFileSync(path, 'old', { mode: 0o666 });
  await replaceFile(path, 'new');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
