import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { boardFixtures } from '../../tools/test/board-tree.ts';

const main = join(import.meta.dirname, '../../src/main.ts');

test('the command prints text and JSON', async () => {
  const run = async (...flags: string[]) =>
    (await promisify(execFile)(process.execPath, [main, 'doctor', 'board', ...flags])).stdout;
  const root = join(boardFixtures, 'raspberry-pi-4');
  const [text, json] = await Promise.all([run('--board', root), run('--json')]);
  expect(text).toMatch(/^Raspberry Pi 4 Model B Rev 1\.5, arm64\n/);
  expect(JSON.parse(json)).toMatchObject({ arch: process.arch, allowed_cpus: expect.any(Array) });
});
