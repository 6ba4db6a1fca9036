/**
 * Boots a Debian system under QEMU, runs a suite, prints its table, and exits with its exit code.
 *
 *   npm run board-vm -- cameras [--arch arm64|amd64] [--cpu cortex-a76] [--cycles 100] [--only WORDS]
 *   npm run board-vm -- provision [--arch arm64|amd64] [--cpu cortex-a76] [--release bookworm|trixie] [--interrupt 20]
 *                                 [--package FILE] [--only-interrupt]
 *
 * Run as root on Debian; see README.md in this folder.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCamerasSuite } from './cameras-host.ts';
import { runProvisionSuite } from './provision-suite.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    arch: { type: 'string', default: 'arm64' },
    cpu: { type: 'string' },
    cycles: { type: 'string', default: '100' },
    only: { type: 'string', default: '' },
    release: { type: 'string', default: 'bookworm' },
    interrupt: { type: 'string', default: '0' },
    'only-interrupt': { type: 'boolean', default: false },
    package: { type: 'string' },
  },
});
const [suite] = positionals;
const { arch, release } = values;
const isKnown = suite === 'cameras' || suite === 'provision';
if (
  !isKnown ||
  (arch !== 'arm64' && arch !== 'amd64') ||
  !['bookworm', 'trixie'].includes(release) ||
  !/^\d{1,3}$/.test(values.interrupt)
) {
  console.error(
    'usage: npm run board-vm -- cameras|provision [--arch arm64|amd64] [--release bookworm|trixie]; see tools/board-vm/README.md',
  );
  process.exit(64);
}
if (process.getuid?.() !== 0) {
  console.error('board-vm: needs root, to install packages and create a file system for another machine');
  process.exit(1);
}

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
const { signal } = interrupted;
const cpu = values.cpu ?? null;
execFileSync(join(import.meta.dirname, 'packages.sh'), { stdio: ['ignore', 'inherit', 'inherit'] });

process.exitCode =
  suite === 'cameras'
    ? await runCamerasSuite({ arch, cpu, cycles: Number(values.cycles), only: values.only, signal })
    : await runProvisionSuite({
        ...{ arch, cpu, release, signal },
        interrupts: Number(values.interrupt),
        isOnlyInterrupt: values['only-interrupt'],
        package: values.package ?? null,
      });
