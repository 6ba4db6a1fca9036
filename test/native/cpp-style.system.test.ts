import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'native/*.cc', 'native/*.h'], {
  cwd: repository,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '');

// Other versions break some lines elsewhere.
const version = spawnSync('clang-format', ['--version'], { encoding: 'utf8' }).stdout ?? '';

test.skipIf(!version.includes('version 14.'))(
  'every C++ source is as clang-format writes it (needs clang-format 14)',
  () => {
    expect(sources).toContain('native/napi/error.h');
    const { stderr, status } = spawnSync('clang-format', ['--dry-run', '--Werror', ...sources], {
      cwd: repository,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  },
);
