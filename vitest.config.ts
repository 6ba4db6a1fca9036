import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './tools/test/closing-line-reporter.ts';

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  test: {
    reporters: ['default', new ClosingLineReporter()],
    // Far more than they take: a machine may have other things to do.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two at a time: the engine itself uses every core.
    maxWorkers: 2,
    // Not the developer's own state folder. It stays, so that processes start with compiled code.
    env: { XDG_STATE_HOME: join(import.meta.dirname, 'build/test-state') },
    // *.system.test.ts start processes, need our addons or a broker; all other tests are unit tests, and unit-guard.ts
    // fails one that does any of this.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.system.test.ts'],
          setupFiles: ['tools/test/unit-guard.ts'],
        },
      },
      { extends: true, test: { name: 'system', include: ['test/**/*.system.test.ts'] } },
    ],
  },
});
