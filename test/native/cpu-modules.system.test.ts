import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type CodeFunction, type Kind, readCode } from '../../tools/arm64/module-code.ts';

// The modules as they are built: what flash attention is made of, and what they need to be loaded.

const root = join(import.meta.dirname, '../..');
const moduleOf = (name: string): string => join(root, `build/native-arm64/cpu/libggml-cpu-${name}.so`);
const names = ['a720', 'a76', 'a72'];
const missing = ['aarch64-linux-gnu-objdump', ...names.map(moduleOf)].find((path) =>
  path.startsWith('/') ? !existsSync(path) : spawnSync(path, ['--version']).status !== 0,
);
/** What scripts/build-cpu.sh would build on a machine with this /proc/cpuinfo. */
function modulesFor(cpuinfo: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-build-cpu-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'cpuinfo'), cpuinfo);
  const script = 'source scripts/build-cpu.sh; modules_for "$1"';
  const path = join(folder, 'cpuinfo');
  return execFileSync('bash', ['-c', script, 'bash', path], { cwd: root, encoding: 'utf8' }).trim();
}

/** The most instructions of a kind among `span` that follow each other in one of these functions. */
function mostWithin(span: number, wanted: Kind, code: readonly CodeFunction[], functions: RegExp): number {
  const counts = code
    .filter(({ name }) => functions.test(name))
    .flatMap(({ instructions }) =>
      instructions.map((_, start) => {
        return instructions.slice(start, start + span).filter(({ kind }) => kind === wanted).length;
      }),
    );
  return Math.max(0, ...counts);
}

const built = missing === undefined ? test : test.skip;
const suffix = missing === undefined ? '' : ` (scripts/build-arm64.sh was not run: ${missing} is missing)`;

built.each(names)(
  `%s multiplies four floats at once in flash attention, and knows no SVE${suffix}`,
  (name) => {
    const code = readCode(moduleOf(name));
    const countOf = (kind: Kind, functions: RegExp): number =>
      code
        .filter((each) => functions.test(each.name))
        .flatMap(({ instructions }) => instructions)
        .filter((instruction) => instruction.kind === kind).length;
    // A 4x4 tile: sixteen of them and what loads their operands, 30 instructions with clang 19. 2x2 tiles are less dense.
    expect(mostWithin(32, 'fmla 4s', code, /flash_attn_ext|simd_gemm/)).toBe(16);
    expect(countOf('fmla sve', /./)).toBe(0);
    expect(countOf('smmla', /ggml_gemm_q4_K_8x8_q8_K$/) > 0).toBe(name === 'a720');
    expect(countOf('sdot', /ggml_gemm_q4_K_8x4_q8_K$/) > 0).toBe(name !== 'a72');
  },
);

built.each(names)(`%s uses the ggml that is loaded, of this very version${suffix}`, (name) => {
  const dynamic = execFileSync('aarch64-linux-gnu-readelf', ['-d', moduleOf(name)], { encoding: 'utf8' });
  const needed = Array.from(dynamic.matchAll(/NEEDED.*\[(.*)\]/g), ([, library]) => library!);
  expect(needed).toContain('libggml-base.so');
  expect(needed).toContainEqual(expect.stringMatching(/^libggml\.v\d+\.\d+\.\d+\.so$/));
  expect(needed.filter((library) => /gomp|omp\./.test(library))).toEqual([]);
  expect(dynamic).not.toMatch(/R(UN)?PATH/);
});

built.each(names)(`%s has the barrier that sleeps${suffix}`, (name) => {
  const symbols = execFileSync('aarch64-linux-gnu-readelf', ['-W', '--dyn-syms', moduleOf(name)], {
    encoding: 'utf8',
  });
  expect(symbols).toMatch(/ UND sched_getcpu\b/);
});

test('the NEON macro that is defined for the modules is read in one place only', () => {
  const source = join(root, 'build/llama.cpp');
  const places = execFileSync('git', ['-C', source, 'grep', '-lw', '__ARM_NEON__', '--', 'ggml'], {
    encoding: 'utf8',
  });
  expect(places.trim()).toBe('ggml/src/ggml-cpu/simd-gemm.h');
});

test.each([
  ['an Orion O6', 'fp asimd asimdhp asimddp sve2 i8mm bf16', 'a720'],
  ['a Raspberry Pi 5', 'fp asimd evtstrm asimdhp cpuid asimdrdm lrcpc dcpop asimddp', 'a76'],
  ['a Raspberry Pi 4', 'fp asimd evtstrm crc32 cpuid', 'a72'],
])('%s builds the module that it will use', (_board, features, modules) => {
  const cpu = (number: number): string => `processor\t: ${number}\nFeatures\t: ${features}\n\n`;
  expect(modulesFor(cpu(0) + cpu(1))).toBe(modules);
});

test.each([
  ['a server with AMX', 'fpu avx512f avx512_bf16 amx_tile amx_int8', 'sapphirerapids'],
  ['a PC with AVX-512 in BF16', 'fpu avx512f avx512_bf16 avx512_vnni', 'cooperlake'],
  ['a laptop', 'fpu avx avx2 fma', ''],
])('on x86-64 %s builds the module that it will use', (_machine, flags, module) => {
  expect(modulesFor(`flags\t\t: ${flags}\n`)).toBe(module);
});

test('an unknown architecture is named; with no module asked for, nothing is built', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-build-cpu-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const build = (env: Record<string, string>) =>
    spawnSync('bash', ['scripts/build-cpu.sh'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, SCENECAST_BUILD_DIR: folder, ...env },
    });
  expect(build({ SCENECAST_CPU_MODULES: '' })).toMatchObject({ status: 0, stderr: '' });
  expect(build({ SCENECAST_ARCH: 'riscv64' }).stderr).toContain('unsupported architecture: riscv64');
});
