import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** Runs vitest on one temporary test file. @returns its output */
function runTests(source: string): string {
  const folder = mkdtempSync(join(root, 'build/closing-line-'));
  try {
    writeFileSync(join(folder, 'a.test.ts'), source);
    writeFileSync(
      join(folder, 'vitest.config.ts'),
      `import { ClosingLineReporter } from '../../tools/test/closing-line-reporter.ts';
       export default { test: { root: '.', include: ['*.test.ts'], reporters: [new ClosingLineReporter()] } };`,
    );
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    return execFileSync(process.execPath, [vitest, 'run'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('passed, failed and skipped tests are counted, and the skipped are named', () => {
  const output = runTests(`import { expect, test } from 'vitest';
    test('one', () => {}); test('two', () => {}); test('three', () => expect(1).toBe(2)); test.skip('four: no camera', () => {});`);
  expect(output.trimEnd().split('\n').at(-1)).toBe('2 passed, 1 failed, 1 skipped');
  expect(output).toContain('skipped: four: no camera');
});

test('a file that cannot be loaded counts as failed', () => {
  expect(runTests('throw new Error();').trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed, 0 skipped');
});
