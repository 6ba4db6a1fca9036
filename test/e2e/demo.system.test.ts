import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const demo = join(import.meta.dirname, '../../tools/demo/demo.ts');

test('the demo shows each scene with the description received, in lines of at most 80 columns, and exits', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    demo,
    '--frames',
    '2',
    '--size',
    '336x336',
  ]);
  expect(stderr).toBe('');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  const unwrapped = stdout.replaceAll(/\n {12}/g, ' ');
  const drawn = [...unwrapped.matchAll(/^ {2}drawn {5}(.+)$/gm)].map(([, caption]) => caption);
  const received = [...unwrapped.matchAll(/^ {2}received {2}(.+) (correct|not exact), in \d+\.\d s$/gm)];
  expect(drawn).toHaveLength(2);
  for (const [index, [, caption, mark]] of received.entries()) {
    expect(mark).toBe(caption === drawn[index] ? 'correct' : 'not exact');
  }
  expect(received).toHaveLength(2);
  expect(unwrapped).toMatch(/^ {2}question {2}How many shapes are there\?\n {2}answer {4}\S/m);
  if (existsSync(join(import.meta.dirname, '../../build/web')))
    expect(stdout).toMatch(/^See it in a browser: http:\/\/127\.0\.0\.1:\d+$/m);
  expect(stdout).toMatch(/[012] of 2 descriptions are exactly as drawn\n$/);
}, 60_000);
