import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const tool = join(import.meta.dirname, '../../../tools/pool/pool.ts');

test('four workers of different speeds: all images answered, shares by speed, and none is lost with a killed worker', async () => {
  // Larger numbers: npm run test:pool. Slower engines here, as other tests run at the same time.
  const { stdout } = await promisify(execFile)(process.execPath, [
    tool,
    ...['--images', '80', '--speeds', '150,300,600,1200'],
  ]);
  expect(stdout).toContain('every image was answered or expired, and each worker took what its speed allows');
}, 180_000);
