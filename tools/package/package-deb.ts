/**
 * Builds the Debian package build/packages/scenecast_VERSION_ARCH.deb.
 *
 *   npm run package:deb -- --arch arm64|amd64 [--version 0.2.0] [--quick] [--test] [--suite bookworm]
 *
 * On x86-64 Debian for both architectures (arm64 is cross-compiled), on arm64 Debian for arm64 only. Run scripts/setup.sh
 * first, and run it as root if Debian packages are missing. --version: overrides package.json's. --quick: light compression
 * and no lintian, for experiments. --test: installs, upgrades and purges it in a fresh Debian (test-deb.sh). The same commit
 * gives the same bytes.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { createProgram } from '../../src/cli/program.ts';
import { archOf } from './architecture.ts';
import { bashCompletion } from './bash-completion.ts';
import { debianChangelog } from './changelog.ts';
import { commandTree } from './command-tree.ts';
import { controlFile } from './control.ts';
import { copyrightFile } from './copyright.ts';
import { debianDepends, elfNeeds } from './elf-depends.ts';
import { fishCompletion } from './fish-completion.ts';
import { licensedParts } from './licensed-parts.ts';
import { manPage } from './man-page.ts';
import {
  home,
  isElfFile,
  normalise,
  stageDebian,
  stageProject,
  walk,
  write,
  writeCompressed,
} from './stage.ts';
import { zshCompletion } from './zsh-completion.ts';

const repository = join(import.meta.dirname, '../..');
const tools = import.meta.dirname;

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: output('dpkg', ['--print-architecture']) },
    version: { type: 'string', default: packageJson.version },
    quick: { type: 'boolean', default: false },
    test: { type: 'boolean', default: false },
    suite: { type: 'string', multiple: true, default: ['bookworm'] },
  },
});
const arch = archOf(values.arch);
const nodeArch = arch === 'amd64' ? 'x64' : 'arm64';
const isForeign = arch !== output('dpkg', ['--print-architecture']);
const work = join(repository, 'build/package', arch);
const date = new Date(
  Number(process.env['SOURCE_DATE_EPOCH'] ?? output('git', ['log', '-1', '--format=%ct'])) * 1000,
);
/** From Debian's variables; the default is an address that cannot exist (.invalid). */
const maintainer = `${process.env['DEBFULLNAME'] ?? 'The Scenecast authors'} <${process.env['DEBEMAIL'] ?? 'maintainers@scenecast.invalid'}>`;
const tree = commandTree(await createProgram(AbortSignal.abort()));

run(join(tools, 'build-parts.sh'), [arch]);
const file = buildPackage(values.version);
if (!values.quick) check(file);
if (values.test) for (const suite of values.suite) test(file, suite);

function buildPackage(version: string): string {
  const root = join(work, 'root');
  rmSync(root, { recursive: true, force: true });
  const packages = join(work, 'packages');
  const native = join(repository, isForeign ? `build/native-${nodeArch}` : 'build/native');
  say(`assembling ${version} for ${arch}`);
  const folders = stageProject(root, { repository, packages, native, nodeArch, version });
  stageDebian(root, repository);
  stageTexts(root, version, folders);
  normalise(root, { strip: isForeign ? 'aarch64-linux-gnu-strip' : 'strip', date });
  const installedKiB = kibibytesOf(root);
  // Everything but DEBIAN/ is in place.
  stageControl(root, version, installedKiB);
  normalise(join(root, 'DEBIAN'), { strip: 'true', date });
  mkdirSync(join(repository, 'build/packages'), { recursive: true });
  const path = join(repository, 'build/packages', `scenecast_${version}_${arch}.deb`);
  say(`compressing ${mebibytes(installedKiB)}${values.quick ? '' : ', which takes a minute or two'}`);
  // One thread: xz's output depends on the number of threads.
  run(
    'dpkg-deb',
    [
      '--root-owner-group',
      ...(values.quick ? ['-Zzstd', '-z1'] : ['-Zxz']),
      '--threads-max=1',
      '--build',
      root,
      path,
    ],
    {
      SOURCE_DATE_EPOCH: String(date.getTime() / 1000),
    },
  );
  const all = kibibytesOf(join(packages, 'node_modules'));
  const kept = kibibytesOf(join(root, home, 'node_modules'));
  say(`npm packages: ${mebibytes(kept)} of ${mebibytes(all)}; installed ${mebibytes(installedKiB)}`);
  say(
    `${relative(repository, path)}: ${mebibytes(statSync(path).size / 1024)}, sha256 ${digest('sha256', path)}`,
  );
  return path;
}

function stageTexts(root: string, version: string, folders: readonly string[]): void {
  writeCompressed(root, 'usr/share/man/man1/scenecast.1', manPage(tree, { version, date }));
  write(root, 'usr/share/bash-completion/completions/scenecast', bashCompletion(tree));
  write(root, 'usr/share/zsh/vendor-completions/_scenecast', zshCompletion(tree));
  write(root, 'usr/share/fish/vendor_completions.d/scenecast.fish', fishCompletion(tree));
  const changes = readFileSync(join(repository, 'CHANGELOG.md'), 'utf8');
  const doc = 'usr/share/doc/scenecast';
  writeCompressed(root, `${doc}/changelog`, debianChangelog(changes, { version, maintainer, date }));
  write(root, `${doc}/copyright`, copyrightFile(licensedParts(repository, join(work, 'packages'), folders)));
}

function stageControl(root: string, version: string, installedKiB: number): void {
  const files = walk(root).filter((path) => lstatSync(path).isFile());
  const elfs = files.filter(isElfFile);
  const needs = elfs.map((path) =>
    elfNeeds(output('readelf', ['--wide', '--dynamic', '--version-info', path])),
  );
  const libraries = debianDepends(needs, new Set(elfs.map((path) => basename(path))));
  write(root, 'DEBIAN/control', controlFile({ version, arch, maintainer, installedKiB, libraries }));
  const configs = files.map((path) => `/${relative(root, path)}`).filter((path) => path.startsWith('/etc/'));
  write(root, 'DEBIAN/conffiles', configs.map((path) => `${path}\n`).join(''));
  const sums = files.filter((path) => !configs.includes(`/${relative(root, path)}`));
  write(
    root,
    'DEBIAN/md5sums',
    sums.map((path) => `${digest('md5', path)}  ${relative(root, path)}\n`).join(''),
  );
  for (const script of ['postinst', 'prerm', 'postrm'])
    run('install', ['-m755', join(tools, 'debian', script), join(root, 'DEBIAN', script)]);
  say(`depends on ${libraries.join(', ')}`);
}

function check(path: string): void {
  const { error, status } = spawnSync('lintian', ['--fail-on', 'error', '--tag-display-limit', '0', path], {
    stdio: 'inherit',
  });
  if (error) say('lintian is not installed; package not checked');
  else if (status !== 0) throw new Error(`lintian found errors in ${path}; see above`);
}

function test(path: string, suite: string): void {
  // The same files with a higher version, as the upgrade.
  const next = buildPackage(`${values.version}+next`);
  run(join(tools, 'test-deb.sh'), [arch, suite, path, next]);
  rmSync(next);
}

/** The size as du reports it, but the same on every file system: whole KiB per file, and 1 KiB per folder or link. */
function kibibytesOf(folder: string): number {
  return walk(folder)
    .map((path) => lstatSync(path))
    .reduce((sum, stats) => sum + (stats.isFile() ? Math.ceil(stats.size / 1024) : 1), 0);
}

function mebibytes(kibibytes: number): string {
  return `${(kibibytes / 1024).toFixed(1)} MiB`;
}

function digest(algorithm: 'md5' | 'sha256', path: string): string {
  return createHash(algorithm).update(readFileSync(path)).digest('hex');
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  execFileSync(command, args, {
    cwd: repository,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
}

function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  }).trim();
}

function say(text: string): void {
  process.stderr.write(`package:deb: ${text}\n`);
}
