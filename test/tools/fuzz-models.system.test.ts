import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { mutateGguf } from '../../tools/fuzz/mutate-gguf.ts';

const tool = join(import.meta.dirname, '../../tools/fuzz/fuzz-models.ts');

test('faulty model files are refused by name or answer, and the calling process survives', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [tool, '--count', '20', '--seed', '7']);
  expect(stdout).toMatch(/refused: [A-Z_]+/);
  expect(stdout).toContain('20 faulty files; afterwards all good models describe');
  expect(stdout).not.toContain('BAD');
}, 180_000);

test('every mutation changes the file', () => {
  const file = readFileSync(join(import.meta.dirname, '../../models/demo/demo-mmproj-f16.gguf'));
  for (let seed = 0; seed < 200; seed++) {
    let state = seed;
    const random = (end: number): number => {
      state = (state * 48_271 + 11) % 2_147_483_647;
      return state % end;
    };
    const { bytes, what } = mutateGguf(file, random);
    expect(bytes.equals(file), what).toBe(false);
  }
});
