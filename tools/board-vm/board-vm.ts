/**
 * Boots a Debian system under QEMU, runs a suite inside, prints its table, and ends with its exit code.
 *
 *   npm run board-vm -- cameras [--arch arm64|amd64] [--cpu cortex-a76] [--cycles 100] [--only WORDS]
 *
 * As root on Debian; see README.md beside this file.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootBoard } from './board.ts';
import { startCameraServer } from './camera-server.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    arch: { type: 'string', default: 'arm64' },
    cpu: { type: 'string' },
    cycles: { type: 'string', default: '100' },
    only: { type: 'string', default: '' },
  },
});
const suites: Readonly<Record<string, string>> = { cameras: 'tools/board-vm/cameras-suite.ts' };
const suite = suites[positionals[0] ?? ''];
if (!suite || (values.arch !== 'arm64' && values.arch !== 'amd64')) {
  console.error(`usage: npm run board-vm -- ${Object.keys(suites).join('|')} [--arch arm64|amd64]`);
  process.exit(64);
}
if (process.getuid?.() !== 0) {
  console.error('board-vm: needs root: it installs packages and makes a file system for another machine');
  process.exit(1);
}

for (const [script, ...args] of [
  ['packages.sh'],
  ['make-image.sh', values.arch],
  ['make-project.sh', values.arch],
])
  execFileSync(join(import.meta.dirname, script!), args, { stdio: ['ignore', 'inherit', 'inherit'] });

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

const cameras = await startCameraServer();
try {
  const board = await bootBoard(values.arch, values.cpu ?? null, interrupted.signal);
  try {
    const nodeArch = values.arch === 'amd64' ? 'x64' : 'arm64';
    const command = [
      'mkdir -p /opt/scenecast',
      'mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro project /opt/scenecast',
      'cd /opt/scenecast',
      `PATH=$PWD/node_modules/node-linux-${nodeArch}/bin:$PATH`,
      [
        ...['exec node', suite, '--usbip-port', cameras.usbipPort, '--control-port', cameras.controlPort],
        ...['--cycles', Number(values.cycles), `--only '${values.only.replaceAll("'", '')}'`],
      ].join(' '),
    ].join(' && ');
    const ssh = spawn('ssh', board.sshArguments(command), {
      stdio: ['ignore', 'inherit', 'inherit'],
      signal: interrupted.signal,
    });
    const [code] = (await once(ssh, 'exit')) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    await board.close();
  }
} finally {
  await cameras.close();
}
