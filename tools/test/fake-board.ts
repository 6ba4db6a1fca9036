import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const commands = [
  ...[
    'apt-get',
    'dpkg',
    'dpkg-query',
    'systemctl',
    'scenecast',
    'mosquitto_passwd',
    'runuser',
    'id',
    'getent',
  ],
  ...[
    'flock',
    'chown',
    'sync',
    'sleep',
    'journalctl',
    'timedatectl',
    'userdel',
    'mv',
    'rm',
    'chmod',
    'install',
  ],
];
const repository = join(import.meta.dirname, '../..');

export interface Run {
  readonly code: number | null;
  readonly output: string;
}

/** A folder as a fake board's /, with commands that pretend to install and start things. */
export class FakeBoard {
  readonly folder = mkdtempSync(join(tmpdir(), 'scenecast-board-'));
  readonly root = join(this.folder, 'root');
  readonly #state = join(this.folder, 'state');

  constructor() {
    for (const path of ['etc', 'run/lock', 'run/systemd/system', 'var/log', 'var/lib/dpkg/updates'])
      mkdirSync(join(this.root, path), { recursive: true });
    writeFileSync(join(this.root, 'etc/os-release'), 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian"\n');
    mkdirSync(join(this.#state, 'commands'), { recursive: true });
    writeFileSync(join(this.#state, 'packages'), 'libc6|installed|ok|2.36\n');
    const command = join(this.#state, 'command');
    cpSync(join(import.meta.dirname, 'fake-board/command'), command);
    chmodSync(command, 0o755);
    for (const name of commands) symlinkSync(command, join(this.#state, 'commands', name));
  }

  /** A package file of this version. */
  makePackage(version: string): string {
    const folder = join(this.folder, `package-${version}`);
    mkdirSync(join(folder, 'DEBIAN'), { recursive: true });
    const control = `Package: scenecast\nVersion: ${version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\nInstalled-Size: 100\nDescription: x\n`;
    writeFileSync(join(folder, 'DEBIAN/control'), control);
    const file = join(this.folder, `scenecast_${version}_amd64.deb`);
    // The same version has the same bytes.
    const env = { ...process.env, SOURCE_DATE_EPOCH: '0' };
    execFileSync('dpkg-deb', ['-Znone', '-b', folder, file], { stdio: 'ignore', env });
    return file;
  }

  /** Runs the script; `typed` is the input at a terminal. */
  async provision(
    flags: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    typed: string | null = null,
  ): Promise<Run> {
    rmSync(join(this.#state, 'count'), { force: true });
    writeFileSync(join(this.#state, 'calls'), '');
    const command = [join(repository, 'scripts/provision.sh'), ...flags];
    // With input, on a terminal, which util-linux's script creates.
    const [program, ...words] =
      typed === null ? ['bash', ...command] : ['script', '-qec', command.join(' '), '/dev/null'];
    const child = spawn(program!, words, {
      // Its own process group, which the fakes can kill.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: `${join(this.#state, 'commands')}:${process.env['PATH']}`,
        SCENECAST_ROOT: this.root,
        FAKE: this.#state,
        ...environment,
      },
    });
    child.stdin.on('error', () => {}); // it may be killed before it has read its input
    child.stdin.end(typed ?? '');
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString('utf8');
      });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  /** The calls of the fakes in the last run. */
  get calls(): string[] {
    return readFileSync(join(this.#state, 'calls'), 'utf8').split('\n').filter(Boolean);
  }

  /** The number of calls: moments at which it can be killed. */
  get callCount(): number {
    return readFileSync(join(this.#state, 'count')).length;
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  mode(path: string): string {
    return (lstatSync(join(this.root, path)).mode & 0o777).toString(8);
  }

  /** Every file with its content, and its modification time if `withTimes`. */
  files({ withTimes }: { readonly withTimes: boolean }): Record<string, string> {
    const found: Record<string, string> = {};
    for (const entry of readdirSync(this.root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(this.root.length);
      if (entry.isDirectory() || name.startsWith('/var/log/') || name.startsWith('/run/')) continue;
      const written = withTimes ? ` ${lstatSync(path).mtimeMs}` : '';
      found[name] = `${readFileSync(path, 'utf8')}${written}`;
    }
    return found;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
