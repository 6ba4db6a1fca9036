import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { locateModel } from '../../../src/models/installed/locate.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-model-'));
  return () => rmSync(folder, { recursive: true });
});

function touch(...names: string[]): void {
  for (const name of names) writeFileSync(join(folder, name), '');
}

test('the two files of a model are distinguished by name', async () => {
  touch('llava-v1.6-7b.Q4_0.gguf', 'mmproj-model-f16.gguf', 'README.md');
  expect(await locateModel(folder)).toEqual({
    text: join(folder, 'llava-v1.6-7b.Q4_0.gguf'),
    mmproj: join(folder, 'mmproj-model-f16.gguf'),
  });
});

test.each([
  [['a.gguf'], /holds no projector; it needs exactly one \*mmproj\*\.gguf/],
  [['mmproj.gguf'], /holds no text model/],
  [['a.gguf', 'b.gguf', 'mmproj.gguf'], /holds 2 files \(a\.gguf, b\.gguf\) for the text model/],
])('%j is not a model', async (names, message) => {
  touch(...names);
  await expect(locateModel(folder)).rejects.toThrow(message);
});

test('a missing folder is an error', async () => {
  await expect(locateModel(join(folder, 'gone'))).rejects.toThrow(/gone: not a readable folder/);
});
