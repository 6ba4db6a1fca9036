import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line, `N passed, N failed, N skipped`, after the names of skipped tests. */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      const state = module.state();
      // A file that cannot be loaded has no tests to count.
      if (state === 'failed' && module.children.size === 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed') counts[state]++;
        else {
          counts.skipped++;
          process.stdout.write(`skipped: ${test.fullName}\n`);
        }
      }
    }
    // After the default reporter's own summary.
    process.once('exit', () => {
      process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    });
  }
}
