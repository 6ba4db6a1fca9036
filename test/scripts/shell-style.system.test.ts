import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 180_000 });

const repository = join(import.meta.dirname, '../..');
const scripts = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.sh'], {
  cwd: repository,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => /^(scripts|tools)\//.test(path));

const isMissing = (tool: string): boolean => spawnSync(tool, ['--version']).error !== undefined;

test.skipIf(isMissing('shellcheck'))('shellcheck finds nothing in any script (needs shellcheck)', () => {
  expect(scripts).toContain('scripts/provision.sh');
  const { stdout, status } = spawnSync('shellcheck', ['-x', '-P', 'SCRIPTDIR', '-f', 'gcc', ...scripts], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test.skipIf(isMissing('shfmt'))('every script is written as shfmt -i 2 -ci writes it (needs shfmt)', () => {
  const { stdout, stderr } = spawnSync('shfmt', ['-i', '2', '-ci', '-l', ...scripts], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`).toBe('');
});
