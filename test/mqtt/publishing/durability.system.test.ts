import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const tool = join(import.meta.dirname, '../../../tools/durability/durability.ts');

test('no completed description is lost when broker and daemon are killed a few times', async () => {
  // Larger numbers: npm run test:durability -- --broker-kills 100 --daemon-kills 1000
  const { stdout } = await promisify(execFile)(process.execPath, [
    tool,
    '--broker-kills',
    '4',
    '--daemon-kills',
    '4',
    '--daemons',
    '2',
  ]);
  expect(stdout).toContain('no completed description was lost');
}, 400_000);
