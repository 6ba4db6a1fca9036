import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../test/free-port.ts';

const run = promisify(execFile);
const vmFolder = join(import.meta.dirname, '../../build/board-vm');
const maxBootMs = 300_000;

/** QEMU's command line for each architecture. */
const machines = {
  arm64: { qemu: 'qemu-system-aarch64', machine: 'virt', cpu: 'cortex-a76', console: 'ttyAMA0' },
  amd64: { qemu: 'qemu-system-x86_64', machine: 'q35', cpu: 'max', console: 'ttyS0' },
} as const;

export type BoardArch = keyof typeof machines;

export interface BoardOptions {
  readonly arch: BoardArch;
  /** The folder with this board's disk, created by make-image.sh. */
  readonly folder: string;
  /** QEMU's CPU name; null: the default. */
  readonly cpu: string | null;
  /** false: a reboot powers it off instead. */
  readonly canReboot: boolean;
  /** A second disk, read-only, as a USB stick would be: /dev/vdb. */
  readonly stick?: string;
  /** The folder `project`, shared read-only. */
  readonly hasProject: boolean;
  readonly signal: AbortSignal;
}

export interface Board {
  /** ssh arguments to run a command as root. */
  sshArguments(command: string): string[];
  /** Runs a shell command as root. @returns its output. @throws Error with its output if it fails. */
  run(command: string, timeoutMs?: number): Promise<string>;
  /** Resolves when ssh connects. @throws Error on a timeout. */
  reachable(): Promise<void>;
  /** Powers it off. */
  close(): Promise<void>;
}

/** The folder with the images of an architecture and release. */
export function boardFolder(arch: BoardArch, release: string): string {
  return join(vmFolder, release === 'bookworm' ? arch : `${arch}-${release}`);
}

/**
 * Boots the image of make-image.sh, and waits until ssh connects. Always emulated (TCG): even if /dev/kvm exists it may
 * not work, and results should not depend on it.
 */
export async function bootBoard(options: BoardOptions): Promise<Board> {
  const { arch, folder, cpu, canReboot, stick, hasProject, signal } = options;
  const machine = machines[arch];
  const sshPort = await freePort();
  const child = spawn(
    machine.qemu,
    [
      ...['-machine', machine.machine, '-accel', 'tcg,thread=multi', '-cpu', cpu ?? machine.cpu],
      ...['-smp', '2', '-m', '2048', '-display', 'none', '-monitor', 'none'],
      ...['-serial', `file:${folder}/serial.log`],
      ...['-kernel', `${folder}/vmlinuz`, '-initrd', `${folder}/initrd`],
      ...['-append', `console=${machine.console} root=/dev/vda rw panic=-1`],
      // A snapshot: every board starts with the same disk, and its writes are discarded at the end.
      ...['-drive', `file=${folder}/disk.ext4,format=raw,if=virtio,cache=unsafe,snapshot=on`],
      ...(canReboot ? [] : ['-no-reboot']),
      ...(stick ? ['-drive', `file=${stick},format=raw,if=virtio,readonly=on`] : []),
      ...(hasProject
        ? [
            '-virtfs',
            `local,path=${folder}/project,mount_tag=project,security_model=none,multidevs=remap,readonly=on`,
          ]
        : []),
      ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${sshPort}-:22`],
      ...['-device', 'virtio-net-pci,netdev=net', '-device', 'virtio-rng-pci'],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const sshArguments = (command: string): string[] => [
    ...['-i', join(vmFolder, 'key'), '-p', `${sshPort}`, '-o', 'StrictHostKeyChecking=no'],
    ...['-o', 'LogLevel=ERROR', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'ConnectTimeout=30'],
    ...['-o', 'ServerAliveInterval=30', '-o', 'BatchMode=yes', 'root@127.0.0.1', command],
  ];
  const runOnBoard = async (command: string, timeoutMs = 120_000): Promise<string> => {
    try {
      const { stdout } = await run('ssh', sshArguments(command), { timeout: timeoutMs, signal });
      return stdout;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command}: ${`${stdout}${stderr}`.trim().slice(-1500) || error}`, { cause: error });
    }
  };
  const reachable = async (): Promise<void> => {
    const startedAt = performance.now();
    while (!(await answers(sshArguments('true')))) {
      if (child.exitCode !== null) throw new Error(`${machine.qemu} ended with ${child.exitCode}`);
      if (performance.now() - startedAt > maxBootMs)
        throw new Error(`the board did not boot within ${maxBootMs / 1000} s; see ${folder}/serial.log`);
      await sleep(1000, undefined, { signal });
    }
  };
  const close = (): Promise<void> => end(child);
  try {
    const startedAt = performance.now();
    await reachable();
    console.error(`board-vm: ${arch} booted in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  } catch (error) {
    await close();
    throw error;
  }
  return { sshArguments, run: runOnBoard, reachable, close };
}

async function answers(sshArguments: string[]): Promise<boolean> {
  try {
    await run('ssh', sshArguments, { timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
