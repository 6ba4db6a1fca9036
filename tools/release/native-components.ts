import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './cyclonedx.ts';
import { licences, npmPurl } from './npm-components.ts';

/** The sources of the versions of compiled-in components. */
export interface NativeSources {
  /** The project's folder in the unpacked package. */
  readonly project: string;
  /** Holds node_modules/node-addon-api, and build/llama.cpp as the addons were compiled with it. */
  readonly repository: string;
  /** `process.versions` of the version of Node that is in the package. */
  readonly nodeVersions: Readonly<Record<string, string | undefined>>;
}

/**
 * The components of the package that are not npm packages: Node.js, llama.cpp, libraries compiled into our addons, the demo
 * model.
 * @throws Error if `nodeVersions` are not those of the package's Node
 */
export function nativeComponents(sources: NativeSources): Component[] {
  const { project, repository } = sources;
  const addonApi = readJson(join(repository, 'node_modules/node-addon-api/package.json'))['version']!;
  return [
    llamaCpp(project, join(repository, 'build/llama.cpp/vendor')),
    nodeJs(sources),
    {
      type: 'library',
      'bom-ref': 'node-addon-api',
      name: 'node-addon-api',
      version: addonApi,
      description: 'compiled into the native addons',
      licenses: licences('MIT'),
      purl: npmPurl('node-addon-api', addonApi),
    },
    ...demoModel(join(project, 'models/demo')),
  ];
}

function llamaCpp(project: string, vendor: string): Component {
  const info = readJson(join(project, 'node_modules/node-llama-cpp/llama/llama.cpp.info.json'));
  const { tag, llamaCppGithubRepo } = info as { tag: string; llamaCppGithubRepo: string };
  const json = readFileSync(join(vendor, 'nlohmann/json.hpp'), 'utf8');
  const http = readFileSync(join(vendor, 'cpp-httplib/httplib.h'), 'utf8');
  return {
    type: 'library',
    'bom-ref': 'llama.cpp',
    name: 'llama.cpp',
    version: tag,
    description:
      'with ggml; prebuilt in @node-llama-cpp, and compiled with patches into mtmd.node and the CPU modules',
    licenses: licences('MIT'),
    purl: `pkg:github/${llamaCppGithubRepo}@${tag}`,
    components: [
      compiledIn('nlohmann/json', `v${macros(json, /NLOHMANN_JSON_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)/g)}`),
      compiledIn('yhirose/cpp-httplib', `v${macros(http, /CPPHTTPLIB_VERSION +"([\d.]+)"/g)}`),
    ],
  };
}

function compiledIn(repository: string, version: string): Component {
  return {
    type: 'library',
    'bom-ref': `llama.cpp#${repository}`,
    name: repository.split('/')[1]!,
    version,
    licenses: licences('MIT'),
    purl: `pkg:github/${repository}@${version}`,
  };
}

/** @throws Error if a header does not have its version in the expected form */
function macros(header: string, pattern: RegExp): string {
  const values = [...header.matchAll(pattern)].map(([, value]) => value!).slice(0, 3);
  if (values.length === 0) throw new Error(`no ${pattern.source} in a header of llama.cpp's vendor folder`);
  return values.join('.');
}

function nodeJs({ project, nodeVersions }: NativeSources): Component {
  const name = readdirSync(join(project, 'node_modules')).find((folder) => folder.startsWith('node-linux-'));
  const version = readJson(join(project, 'node_modules', name!, 'package.json'))['version']!;
  if (nodeVersions['node'] !== version)
    throw new Error(`the package has Node ${version}, this is ${nodeVersions['node']}: run it with npm run`);
  // ABI numbers are not components.
  const { node, modules, napi, ...parts } = nodeVersions;
  return {
    type: 'platform',
    'bom-ref': 'node',
    name: 'Node.js',
    version,
    licenses: licences('MIT'),
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    purl: `pkg:github/nodejs/node@v${version}`,
    components: Object.entries(parts)
      .filter(([, partVersion]) => partVersion)
      .map(([part, partVersion]) => ({
        type: 'library',
        'bom-ref': `node#${part}`,
        name: part,
        version: partVersion!,
      })),
  };
}

function demoModel(folder: string): Component[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.gguf'))
    .sort()
    .map((file) => ({
      type: 'machine-learning-model',
      'bom-ref': `models/demo/${file}`,
      name: file,
      hashes: [{ alg: 'SHA-256', content: sha256(readFileSync(join(folder, file))) }],
      licenses: licences('MIT'),
    }));
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function readJson(path: string): Record<string, string> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
}
