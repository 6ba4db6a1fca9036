import type { Architecture } from '../package/architecture.ts';
import type { Bom, Component } from './cyclonedx.ts';
import { type NativeSources, nativeComponents } from './native-components.ts';
import { licences, npmComponents } from './npm-components.ts';

/** The package that the SBOM describes. */
export interface PackageFacts {
  readonly version: string;
  readonly arch: Architecture;
  /** The hash of the .deb, in hex. */
  readonly sha256: string;
  /** The control file's field. */
  readonly depends: string;
  readonly date: Date;
}

/**
 * The components of an unpacked package, and its dependencies on the system, in CycloneDX 1.7. The same package gives the
 * same document.
 */
export function softwareBill(facts: PackageFacts, sources: NativeSources): Bom {
  const { version, arch, sha256, date } = facts;
  const npm = npmComponents(sources.project);
  const native = nativeComponents(sources);
  const system = systemComponents(facts.depends);
  const root: Component = {
    type: 'application',
    'bom-ref': 'scenecast',
    name: 'scenecast',
    version,
    description: `scenecast_${version}_${arch}.deb`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: licences('MIT'),
    purl: `pkg:generic/scenecast@${version}?arch=${arch}`,
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    serialNumber: `urn:uuid:${uuidOf(sha256)}`,
    version: 1,
    metadata: { timestamp: date.toISOString(), component: root },
    components: [...native, ...npm.components, ...system],
    dependencies: [
      {
        ref: 'scenecast',
        dependsOn: [...native, ...npm.components, ...system].map((part) => part['bom-ref']),
      },
      ...npm.dependencies,
    ],
  };
}

/** The Debian packages that the addons link to, such as libyuv; of alternatives, the first. */
function systemComponents(depends: string): Component[] {
  const all = depends.split(/,\s*/).map((clause) => {
    const [, name, version] = /^([^\s|(]+)(?:\s*\(>= ([^)]+)\))?/.exec(clause)!;
    const component: Component = {
      type: 'library',
      'bom-ref': `pkg:deb/debian/${encodeURIComponent(name!)}`,
      name: name!,
      ...(version === undefined ? {} : { versionRange: `vers:deb/>=${encodeURIComponent(version)}` }),
      isExternal: true,
      purl: `pkg:deb/debian/${encodeURIComponent(name!)}`,
    };
    return component;
  });
  return [...new Map(all.map((component) => [component.name, component])).values()];
}

/** A UUID of version 8, made from a digest. */
function uuidOf(hex: string): string {
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
