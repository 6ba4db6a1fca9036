import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { stageSources } from './javascript.ts';
import { isNeededFile, neededPackages, type PackageLock } from './needed-files.ts';
import { stageDocs } from './stage-docs.ts';

/** The project's folder in the package. */
export const home = 'usr/lib/scenecast';

/** The packaged CPU modules of ours for arm64, the ones that build-parts.sh builds. */
const cpuModules = ['a720', 'a76', 'a72'];

/** The inputs of the package. */
export interface StageSources {
  readonly repository: string;
  /** The npm packages of the target architecture: the folder above node_modules. */
  readonly packages: string;
  /** The folder with mtmd.node. */
  readonly native: string;
  readonly nodeArch: 'arm64' | 'x64';
  readonly version: string;
}

/** Copies the project as it is installed to `root`, and returns the folders of its npm packages. */
export function stageProject(root: string, sources: StageSources): string[] {
  const { repository, native, nodeArch, version } = sources;
  const project = join(root, home);
  const copy = (from: string, to: string): void => cpSync(from, join(root, to), { recursive: true });
  stageSources(project, repository);
  copy(join(repository, 'config.example.yaml'), join(home, 'config.example.yaml'));
  for (const file of readdirSync(join(repository, 'models/demo')).filter((file) => /\.(gguf|md)$/.test(file)))
    copy(join(repository, 'models/demo', file), join(home, 'models/demo', file));
  copy(join(repository, 'build/web'), join(home, 'build/web'));
  for (const addon of ['mtmd.node', 'v4l2.node', 'sd-notify.node'])
    copy(join(native, addon), join(home, 'build/native', addon));
  if (nodeArch === 'arm64')
    for (const module of cpuModules)
      copy(
        join(native, 'cpu', `libggml-cpu-${module}.so`),
        join(home, `build/native/cpu/libggml-cpu-${module}.so`),
      );
  const { name, description, license, type } = readJson(join(repository, 'package.json'));
  write(
    project,
    'package.json',
    `${JSON.stringify({ name, version, description, license, type, private: true }, null, 2)}\n`,
  );
  const folders = stagePackages(project, sources);
  link(project, `../node-linux-${nodeArch}/bin/node`, 'node_modules/.bin/node');
  return folders;
}

function stagePackages(project: string, { repository, packages, nodeArch }: StageSources): string[] {
  const lock = readJson(join(repository, 'package-lock.json')) as unknown as PackageLock;
  // Optional packages for other systems are in the lock file but not installed.
  const folders = [...neededPackages(lock, nodeArch)].filter((folder) => existsSync(join(packages, folder)));
  for (const folder of folders) {
    const from = join(packages, folder);
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    cpSync(from, join(project, folder), {
      recursive: true,
      filter: (path) => {
        const below = relative(from, path);
        // Nested packages are copied on their own.
        if (below === 'node_modules' || below.startsWith('node_modules/')) return false;
        return lstatSync(path).isDirectory() ? isNeededFile(name, `${below}/`) : isNeededFile(name, below);
      },
    });
  }
  return folders;
}

/** Copies the files that belong into Debian's own folders. */
export function stageDebian(root: string, repository: string): void {
  const copy = (from: string, to: string): void =>
    cpSync(join(repository, from), join(root, to), { recursive: true });
  copy('tools/package/debian/config.yaml', 'etc/scenecast/config.yaml');
  copy('systemd/scenecast.service', 'usr/lib/systemd/system/scenecast.service');
  copy('systemd/scenecast.sysusers', 'usr/lib/sysusers.d/scenecast.conf');
  copy('systemd/scenecast.tmpfiles', 'usr/lib/tmpfiles.d/scenecast.conf');
  copy('tools/package/debian/scenecast.lintian-overrides', 'usr/share/lintian/overrides/scenecast');
  write(root, join(home, 'state-folder'), '/var/lib/scenecast\n');
  link(root, '../lib/scenecast/bin/scenecast', 'usr/bin/scenecast');
  const doc = 'usr/share/doc/scenecast';
  stageDocs(join(root, doc), repository);
  link(root, '../../../../lib/scenecast/config.example.yaml', join(doc, 'examples/config.example.yaml'));
}

/** Commands that npm packages bring would need a Node in the path, and are not used. */
const executable =
  /\/(bin\/(node|scenecast)|scenecast\/scripts\/provision\.sh|DEBIAN\/(postinst|prerm|postrm))$/;

/** Removes empty folders and debugging symbols, and gives every file the same mode and time on every machine. */
export function normalise(
  root: string,
  { strip, date }: { readonly strip: string; readonly date: Date },
): void {
  for (const path of [root, ...walk(root)].reverse()) {
    const stats = lstatSync(path);
    if (stats.isDirectory() && readdirSync(path).length === 0) {
      rmSync(path, { recursive: true });
      continue;
    }
    if (stats.isFile()) {
      if (isElfFile(path))
        execFileSync(strip, [
          '--strip-unneeded',
          '--remove-section=.comment',
          '--remove-section=.note',
          path,
        ]);
      chmodSync(path, executable.test(path) ? 0o755 : 0o644);
    } else if (stats.isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, date, date);
  }
}

/** Every file, link and folder below `root`, folders before their contents, in an order that does not depend on the locale. */
export function walk(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(root, entry.name);
      return entry.isDirectory() ? [path, ...walk(path)] : [path];
    });
}

export function isElfFile(path: string): boolean {
  return lstatSync(path).isFile() && readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF';
}

export function write(root: string, path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** gzip without name and time. */
export function writeCompressed(root: string, path: string, text: string): void {
  write(root, `${path}.gz`, gzipSync(text, { level: 9 }));
}

function link(root: string, target: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}
