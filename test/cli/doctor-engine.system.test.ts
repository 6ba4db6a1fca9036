import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('scenecast doctor engine loads the engine and names its build', async () => {
  const bin = join(import.meta.dirname, '../../bin/scenecast');
  const { stdout, stderr } = await promisify(execFile)(bin, ['doctor', 'engine', '--json']);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    module: { path: expect.stringMatching(/\/libggml-cpu-[\w.]+\.so$/), reason: expect.stringMatching(/./) },
    build: expect.stringContaining('v0.5.0'),
  });
});
