/**
 * Makes the files that users download, in build/release: the packages, an SBOM for each, provision.sh, the changelog of the
 * version and SHA256SUMS.
 *
 *   npm run release -- [--arch arm64|amd64] [--tag v0.1.0]
 *
 * For both architectures, or those given by --arch; tools/package/package-deb.ts builds them. Run scripts/setup.sh first.
 * --tag: fails if the tag is not this version's, or CHANGELOG.md has entries under "Unreleased". If it fails, the last
 * release in build/release stays. The same commit gives the same bytes; SOURCE_DATE_EPOCH overrides the commit's time.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { type Architecture, archOf } from '../package/architecture.ts';
import { home } from '../package/stage.ts';
import { sha256 } from './native-components.ts';
import { releaseNotes, unreleasedEntries } from './release-notes.ts';
import { softwareBill } from './sbom.ts';

const repository = join(import.meta.dirname, '../..');
const { version } = packageJson;

function main(): void {
  const { values } = parseArgs({
    options: { arch: { type: 'string', multiple: true }, tag: { type: 'string' } },
  });
  const architectures = [...new Set((values.arch ?? ['amd64', 'arm64']).map(archOf))];
  const changes = readFileSync(join(repository, 'CHANGELOG.md'), 'utf8');
  const notes = releaseNotes(changes, version);
  checkTag(values.tag, unreleasedEntries(changes));
  const build = join(repository, 'build');
  const folder = newFolder(join(build, 'release.new'));
  try {
    writeFileSync(join(folder, 'CHANGELOG.md'), notes);
    copyFileSync(join(repository, 'scripts/provision.sh'), join(folder, 'provision.sh'));
    for (const [index, arch] of architectures.entries()) {
      say(`[${index + 1}/${architectures.length}] ${arch}: building the package`);
      addPackage(folder, arch);
    }
    const files = readdirSync(folder).sort();
    const sums = files.map((file) => `${sha256(readFileSync(join(folder, file)))}  ${file}\n`);
    writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
    replaceFolder(folder, join(build, 'release'));
    say(`build/release: ${[...files, 'SHA256SUMS'].join(', ')}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkTag(tag: string | undefined, unreleased: number): void {
  const pending = `CHANGELOG.md has ${unreleased} entries under "Unreleased"`;
  if (tag === undefined) {
    if (unreleased > 0) say(`note: ${pending}, which are not in this release's changelog`);
    return;
  }
  if (tag !== `v${version}`)
    throw new Error(
      `--tag ${tag}: package.json has version ${version}; tag v${version}, or change the version`,
    );
  if (unreleased > 0)
    throw new Error(`--tag ${tag}: ${pending}; move them to a version with a date, and tag that`);
}

/** The package with its SBOM. */
function addPackage(folder: string, arch: Architecture): void {
  const date = sourceDate();
  execFileSync(process.execPath, [join(repository, 'tools/package/package-deb.ts'), '--arch', arch], {
    cwd: repository,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(date.getTime() / 1000) },
  });
  const name = `scenecast_${version}_${arch}`;
  const deb = join(folder, `${name}.deb`);
  copyFileSync(join(repository, 'build/packages', `${name}.deb`), deb);
  say(`${arch}: writing the SBOM`);
  const unpacked = newFolder(join(repository, 'build/package', arch, 'unpacked'));
  try {
    execFileSync('dpkg-deb', ['-x', deb, unpacked]);
    const bill = softwareBill(
      {
        version,
        arch,
        date,
        sha256: sha256(readFileSync(deb)),
        depends: output('dpkg-deb', ['-f', deb, 'Depends']),
      },
      { project: join(unpacked, home), repository, nodeVersions: process.versions },
    );
    writeFileSync(join(folder, `${name}.cdx.json`), `${JSON.stringify(bill, null, 2)}\n`);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

/** SOURCE_DATE_EPOCH, else the commit's time. */
function sourceDate(): Date {
  const seconds = process.env['SOURCE_DATE_EPOCH'] ?? output('git', ['log', '-1', '--format=%ct']);
  return new Date(Number(seconds) * 1000);
}

/** An empty folder, even if an earlier run was killed. */
function newFolder(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

function replaceFolder(folder: string, target: string): void {
  const old = newFolder(`${target}.old`);
  if (existsSync(target)) renameSync(target, old);
  renameSync(folder, target);
  rmSync(old, { recursive: true, force: true });
}

function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: repository, encoding: 'utf8' }).trim();
}

function say(text: string): void {
  process.stderr.write(`release: ${text}\n`);
}

try {
  main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
