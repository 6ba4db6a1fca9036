import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const demo = join(import.meta.dirname, '../../tools/demo/demo.ts');

test('the demo shows what was drawn beside what was received, and ends by itself', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    demo,
    '--frames',
    '2',
    '--size',
    '336x336',
  ]);
  expect(stderr).toBe('');
  const drawn = [...stdout.matchAll(/^ {2}drawn {5}(.+)$/gm)].map(([, caption]) => caption);
  const received = [...stdout.matchAll(/^ {2}received {2}(.+?) {2}\[(correct|not exact)\]$/gm)];
  expect(drawn).toHaveLength(2);
  for (const [index, [, caption, mark]] of received.entries()) {
    expect(mark).toBe(caption === drawn[index] ? 'correct' : 'not exact');
  }
  expect(received).toHaveLength(2);
  expect(stdout).toMatch(/2 described, [012] exactly as drawn\n$/);
}, 60_000);
