// The part of CycloneDX 1.7 that the SBOM uses: https://cyclonedx.org/docs/1.7/json/

export type LicenceChoice = { readonly license: { readonly id: string } } | { readonly expression: string };

export interface Component {
  readonly type: 'application' | 'library' | 'platform' | 'machine-learning-model';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version?: string;
  /** In the vers syntax; instead of `version`, for external components. */
  readonly versionRange?: string;
  /** Not in the package but in the system. */
  readonly isExternal?: true;
  readonly description?: string;
  readonly hashes?: readonly { readonly alg: 'SHA-256'; readonly content: string }[];
  readonly licenses?: readonly LicenceChoice[];
  /** For vulnerability databases that do not know package URLs. */
  readonly cpe?: string;
  readonly purl?: string;
  readonly components?: readonly Component[];
}

export interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

export interface Bom {
  readonly $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json';
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.7';
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
}
