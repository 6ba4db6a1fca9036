/**
 * Boots a Debian system under QEMU, runs a suite inside, prints its table, and ends with its exit code.
 *
 *   npm run board-vm -- cameras [--arch arm64|amd64] [--cpu cortex-a76] [--cycles 100] [--only WORDS]
 *
 * As root on Debian; see README.md beside this file.
 */
import { execFileSync, spawnSync } from 'node:child_process';
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

const cameras = await startCameraServer();
const board = await bootBoard(values.arch, values.cpu ?? null);
const stop = async (): Promise<void> => {
  await board.close();
  await cameras.close();
};
process.once('SIGINT', () => void stop().then(() => process.exit(130)));
try {
  const command = [
    'mkdir -p /opt/scenecast && mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro project /opt/scenecast',
    `cd /opt/scenecast && PATH=$PWD/node_modules/node-linux-${values.arch === 'amd64' ? 'x64' : 'arm64'}/bin:$PATH`,
    `exec node ${suite} --usbip-port ${cameras.usbipPort} --control-port ${cameras.controlPort} --cycles ${values.cycles} --only '${values.only.replaceAll("'", '')}'`,
  ].join(' && ');
  process.exitCode =
    spawnSync('ssh', board.sshArguments(command), { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
} finally {
  await stop();
}
