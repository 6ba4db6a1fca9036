import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type BoardArch, boardFolder, bootBoard } from './board.ts';
import { startCameraServer } from './camera-server.ts';

export interface CamerasSuiteOptions {
  readonly arch: BoardArch;
  readonly cpu: string | null;
  readonly cycles: number;
  readonly only: string;
  readonly signal: AbortSignal;
}

/** Runs cameras-suite.ts inside a board, with a simulated USB camera outside. @returns its exit code. */
export async function runCamerasSuite(options: CamerasSuiteOptions): Promise<number> {
  const { arch, cpu, cycles, only, signal } = options;
  for (const script of ['make-image.sh', 'make-project.sh'])
    execFileSync(join(import.meta.dirname, script), [arch], { stdio: ['ignore', 'inherit', 'inherit'] });
  const folder = boardFolder(arch, 'bookworm');
  const cameras = await startCameraServer();
  try {
    const board = await bootBoard({ arch, folder, cpu, canReboot: false, hasProject: true, signal });
    try {
      const nodeArch = arch === 'amd64' ? 'x64' : 'arm64';
      const command = [
        'mkdir -p /opt/scenecast',
        'mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro project /opt/scenecast',
        'cd /opt/scenecast',
        `PATH=$PWD/node_modules/node-linux-${nodeArch}/bin:$PATH`,
        [
          'exec node tools/board-vm/cameras-suite.js',
          ...['--usbip-port', cameras.usbipPort, '--control-port', cameras.controlPort],
          ...['--cycles', cycles, `--only '${only.replaceAll("'", '')}'`],
        ].join(' '),
      ].join(' && ');
      const ssh = spawn('ssh', board.sshArguments(command), {
        stdio: ['ignore', 'inherit', 'inherit'],
        signal,
      });
      const [code] = (await once(ssh, 'exit')) as [number | null];
      return code ?? 1;
    } finally {
      await board.close();
    }
  } finally {
    await cameras.close();
  }
}
