import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Component, Dependency, LicenceChoice } from './cyclonedx.ts';

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly description?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The npm packages below `project` with their dependencies among each other, sorted by package URL. */
export function npmComponents(project: string): { components: Component[]; dependencies: Dependency[] } {
  const components = new Map<string, Component>();
  const dependencies = new Map<string, Set<string>>();
  for (const folder of packageFolders(join(project, 'node_modules'))) {
    const { name, version, license, description, ...needs } = readPackage(folder);
    const purl = npmPurl(name, version);
    components.set(purl, {
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      ...(description === undefined ? {} : { description }),
      ...(license === undefined ? {} : { licenses: licences(license) }),
      purl,
      ...(name.startsWith('@img/sharp-libvips') ? { components: libvipsParts(folder, purl) } : {}),
    });
    const dependsOn = dependencies.get(purl) ?? new Set();
    dependencies.set(purl, dependsOn);
    for (const needed of Object.keys({ ...needs.dependencies, ...needs.optionalDependencies })) {
      const found = findPackage(folder, project, needed);
      // Optional packages for other platforms, and packages that are left out.
      if (found !== null) dependsOn.add(npmPurl(found.name, found.version));
    }
  }
  return {
    components: [...components.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
    dependencies: [...dependencies]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([ref, dependsOn]) => ({ ref, dependsOn: [...dependsOn].sort() })),
  };
}

export function npmPurl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** An SPDX identifier, or an expression of several. */
export function licences(spdx: string): LicenceChoice[] {
  return /^[\w.+-]+$/.test(spdx) ? [{ license: { id: spdx } }] : [{ expression: spdx }];
}

function packageFolders(nodeModules: string): string[] {
  if (!existsSync(nodeModules)) return [];
  return readdirSync(nodeModules).flatMap((name) => {
    const folder = join(nodeModules, name);
    if (name.startsWith('.')) return [];
    if (name.startsWith('@')) return packageFolders(folder);
    return [folder, ...packageFolders(join(folder, 'node_modules'))];
  });
}

/** Node's lookup from `folder`: in its node_modules, then in each folder above, up to `project`. */
function findPackage(folder: string, project: string, name: string): PackageJson | null {
  for (let at = folder; at.startsWith(project); at = dirname(at)) {
    const found = join(at, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return readPackage(found);
  }
  return null;
}

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}

/** The libraries that libvips-cpp.so contains. */
function libvipsParts(folder: string, ref: string): Component[] {
  const versions = JSON.parse(readFileSync(join(folder, 'versions.json'), 'utf8')) as Record<string, string>;
  return Object.entries(versions).map(([name, version]) => ({
    type: 'library',
    'bom-ref': `${ref}#${name}`,
    name,
    version,
  }));
}
