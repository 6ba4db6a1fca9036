import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'scenecast-build-'));
const pristine = join(folder, 'pristine');
const patches = ['mtmd', 'cpu'].flatMap((part) =>
  readdirSync(`${root}native/${part}/patches`)
    .toSorted()
    .map((file) => `${part}/patches/${file}`),
);
const barrier = 'ggml/src/ggml-cpu/ggml-cpu.c';
const llava = 'tools/mtmd/models/llava.cpp';

afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  const bundle = `${root}node_modules/node-llama-cpp/llama/gitRelease.bundle`;
  execFileSync('git', ['clone', '--quiet', '--no-checkout', bundle, pristine], { stdio: 'pipe' });
  execFileSync('git', ['-C', pristine, 'checkout', '--quiet', 'HEAD', '--', 'tools/mtmd', barrier], {
    stdio: 'pipe',
  });
}, 120_000);

/** Runs the build script's apply_patches on a tree, with all patches in order. */
function apply(tree: string): { status: number | null; stderr: string } {
  const script =
    'source scripts/build-native.sh; apply_patches "$1" "$PWD"/native/{mtmd,cpu}/patches/*.patch';
  return spawnSync('bash', ['-c', script, 'bash', tree], { cwd: root, encoding: 'utf8' });
}

function copyOf(name: string): string {
  const tree = join(folder, name);
  cpSync(pristine, tree, { recursive: true });
  return tree;
}

test('every patch applies to the source node-llama-cpp ships, and says why it is there', () => {
  const tree = copyOf('good');
  const { status, stderr } = apply(tree);
  expect(stderr).toContain(`applied ${basename(patches.at(-1)!)}`);
  expect(status).toBe(0);
  expect(readFileSync(join(tree, llava), 'utf8')).toContain(
    'ggml_concat(ctx0, model.class_embedding, inp, 1)',
  );
  for (const patch of patches) {
    const [why] = readFileSync(`${root}native/${patch}`, 'utf8').split('diff --git');
    expect(why!.length, patch).toBeGreaterThan(100);
  }
});

test.each([
  ['0001-llava-class-token-first.patch', llava, 'ggml_concat(ctx0, inp, model.class_embedding, 1)'],
  ['0002-llava-run-all-stored-blocks.patch', llava, 'int il_last = hparams.n_layer - 1;'],
  ['0001-barrier-sleeps.patch', barrier, 'int n_passed = atomic_load_explicit'],
  ['0003-vision-context-and-abort.patch', 'tools/mtmd/clip.h', 'const char * clip_patch_merge_type'],
])('a source that %s no longer fits stops the build, naming it', (patch, file, line) => {
  const tree = copyOf(patch);
  const path = join(tree, file);
  const source = readFileSync(path, 'utf8');
  expect(source).toContain(line);
  writeFileSync(path, source.replace(line, 'changed_upstream'));
  const { status, stderr } = apply(tree);
  expect(status).toBe(1);
  expect(stderr).toContain(`${patch} no longer applies`);
});

test('a tree that git would skip silently stops the build too', () => {
  const outer = join(folder, 'outer');
  const tree = join(outer, 'ignored');
  mkdirSync(outer);
  execFileSync('git', ['init', '--quiet', outer]);
  for (const part of ['tools', 'ggml']) cpSync(join(pristine, part), join(tree, part), { recursive: true });
  const { status, stderr } = apply(tree);
  expect(status).toBe(1);
  expect(stderr).toContain('is not a git work tree');
});

test('an architecture without prebuilt libraries is named', () => {
  const build = spawnSync('bash', ['scripts/build-native.sh'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, SCENECAST_ARCH: 'riscv64', SCENECAST_BUILD_DIR: join(folder, 'build') },
  });
  expect(build.status).not.toBe(0);
  expect(build.stderr).toContain('unsupported architecture: riscv64');
});
