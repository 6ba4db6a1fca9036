/**
 * Compares our CPU modules with node-llama-cpp's: which vector instructions their kernels contain (objdump), and how many
 * instructions they run per prefilled token (counted exactly by a QEMU plugin).
 *
 *   npm run bench:arm-instructions -- [--tokens 384] [--quants Q4_0,Q4_K_M,Q5_K_M] [--orion] [--cpu neoverse-n1] [--encode] [--functions] [--json FILE]
 *   npm run bench:arm-instructions -- --towers [--orion] [--cpu neoverse-n1]
 *
 * The first quantisation is measured on every processor, the others on the Orion O6's only.
 * `--orion` measures only the two modules that an Orion O6 can choose from,
 * `--cpu` only one processor, with every quantisation; `--encode` also counts the encoding of a picture's tile,
 * `--towers` counts only that, for a square of ViT-L/336 with its tower in each type.
 *
 * Exits with 1 if the attention product of our A720 module takes more than half of a prebuilt module's instructions.
 * Instructions are not seconds: they show what is computed one number at a time, not how fast a core does it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { quantizeFile } from '../../src/vision/one-shot/quantize.ts';
import { realGeometryShape, writeRandomLlava } from '../test/random-llava.ts';
import { attribute, baseAddress, type Counts, readBlocks } from './block-counts.ts';
import { arm64Project, buildArm64, prebuiltModules, runEmulated, tunedModules } from './emulator.ts';
import { type CodeFunction, type Kind, readCode } from './module-code.ts';
import { llava7b, project } from './projection.ts';
import { printTowers } from './tower-counts.ts';

const { values } = parseArgs({
  options: {
    tokens: { type: 'string', default: '384' },
    quants: { type: 'string', default: 'Q4_0,Q4_K_M,Q5_K_M' },
    orion: { type: 'boolean', default: false },
    cpu: { type: 'string' },
    encode: { type: 'boolean', default: false },
    functions: { type: 'boolean', default: false },
    towers: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const tokens = Number(values.tokens);
/** Ours may take at most this share of the instructions of a prebuilt module's attention product. */
const maxShareOfPrebuilt = 0.5;

interface Contest {
  /** A QEMU processor with the core's vector length: A720 and A520 have 128-bit SVE. */
  readonly cpu: string;
  readonly ours: string;
  readonly prebuilt: readonly string[];
}
const ours = (name: string): string => join(tunedModules, `libggml-cpu-${name}.so`);
const theirs = (...names: string[]): string[] =>
  names.map((name) => join(prebuiltModules, `libggml-cpu-${name}.so`));
const contests: readonly Contest[] = [
  {
    ...{ cpu: 'max,sve-max-vq=1', ours: ours('a720') },
    prebuilt: theirs('armv8.6_1', 'armv8.6_2', 'armv9.2_1', 'armv9.2_2'),
  },
  { cpu: 'neoverse-n1', ours: ours('a76'), prebuilt: theirs('armv8.2_2') },
  { cpu: 'cortex-a72', ours: ours('a72'), prebuilt: theirs('armv8.0_1') },
];

/** The two modules that an Orion O6 can choose from: ours, and the one ggml finds best. */
const onOrion: Contest = { ...contests[0]!, prebuilt: theirs('armv8.6_2') };

function contestsOf(isFirstQuant: boolean): readonly Contest[] {
  if (values.cpu !== undefined) return contests.filter(({ cpu }) => cpu.startsWith(values.cpu!));
  return isFirstQuant && !values.orion ? contests : [onOrion];
}

// Heads of 128 as in the 7B models, rows of a multiple of 256 as the K quants require.
const shape = {
  ...realGeometryShape,
  text: { width: 512, heads: 4, feedForward: 1536, blocks: 2 },
  vision: { width: 128, heads: 2, feedForward: 256, blocks: 1 },
};

/** Kernels whose instructions are listed. With i8mm: the 8x8 and 4x8 ones; with dotprod: 8x4 and 4x4. */
const kernels: readonly (readonly [string, RegExp])[] = [
  ['flash attention', /flash_attn_ext|simd_gemm/],
  ['gemm Q4_0 4x8', /^ggml_gemm_q4_0_4x8_q8_0$/],
  ['gemm Q4_0 4x4', /^ggml_gemm_q4_0_4x4_q8_0$/],
  ['gemm Q4_K 8x8', /^ggml_gemm_q4_K_8x8_q8_K$/],
  ['gemm Q4_K 8x4', /^ggml_gemm_q4_K_8x4_q8_K$/],
  ['gemm Q5_K 8x8', /^ggml_gemm_q5_K_8x8_q8_K$/],
  ['gemm Q5_K 8x4', /^ggml_gemm_q5_K_8x4_q8_K$/],
];
const kinds: readonly Kind[] = ['fmla 4s', 'fmla sve', 'fmla 8h', 'fmadd', 'sdot', 'smmla'];

function printKernels(code: ReadonlyMap<string, CodeFunction[]>): void {
  console.log('instructions in the kernels, by kind');
  for (const [title, pattern] of kernels) {
    console.log(`\n${title.padEnd(28)}${kinds.map((kind) => kind.padStart(9)).join('')}      all`);
    for (const [module, functions] of code) {
      const found = functions.filter(({ name }) => pattern.test(name)).flatMap((each) => each.instructions);
      const figures = kinds.map((wanted) => found.filter(({ kind }) => kind === wanted).length);
      const row = [...figures, found.length].map((figure) => String(figure).padStart(9)).join('');
      console.log(`  ${nameOf(module).padEnd(26)}${row}`);
    }
  }
}

const nameOf = (module: string): string => basename(module, '.so').replace('libggml-cpu-', '');

interface Measured {
  readonly module: string;
  readonly prefill: Counts;
  readonly encode: Counts | null;
}

async function measure(
  cpu: string,
  module: string,
  model: { readonly textPath: string; readonly mmprojPath: string },
  code: readonly CodeFunction[],
): Promise<Measured> {
  const prefix = join(folder, 'counts');
  const args = [
    prefix,
    module,
    model.textPath,
    model.mmprojPath,
    String(tokens),
    ...(values.encode ? ['encode'] : []),
  ];
  process.stderr.write(`${cpu}: ${nameOf(module)}, ${basename(model.textPath, '.gguf')}\n`);
  for await (const line of runEmulated(cpu, 'prefill', args, `${plugin},out=${prefix}`)) {
    const result = JSON.parse(line);
    if (result.module !== module) throw new Error(`${result.module} was used instead of ${module}`);
  }
  const base = baseAddress(readFileSync(`${prefix}.maps`, 'utf8'), module);
  const countsOf = (number: number): Counts => attribute(readBlocks(`${prefix}.${number}`), base, code);
  return { module, prefill: countsOf(1), encode: values.encode ? countsOf(2) : null };
}

const columns = ['attention product', 'its rest', 'matrices', 'module', 'process'] as const;

/** Thousands of instructions per token (or tile), and our share of them. */
function printCounts(
  what: string,
  unit: number,
  results: readonly Measured[],
  pick: (m: Measured) => Counts,
): void {
  console.log(`\n${what.padEnd(28)}${columns.map((column) => column.padStart(19)).join('')}`);
  const figuresOf = (measured: Measured): number[] => {
    const { attentionProduct, attentionRest, matrices, module, all } = pick(measured);
    return [attentionProduct, attentionRest, matrices, module, all];
  };
  const our = figuresOf(results[0]!);
  for (const [place, measured] of results.entries()) {
    const cells = figuresOf(measured).map((figure, column) => {
      const share = place === 0 ? '' : ` (${((100 * our[column]!) / figure).toFixed(0)} %)`;
      return `${(figure / unit / 1000).toFixed(1)}${share}`.padStart(19);
    });
    console.log(`  ${nameOf(measured.module).padEnd(26)}${cells.join('')}`);
  }
}

function printFunctions(results: readonly Measured[]): void {
  for (const { module, prefill } of results) {
    const kindsRun = Object.entries(prefill.attentionKinds).map(([kind, times]) => `${kind} ${times}`);
    console.log(`  ${nameOf(module)}: the attention product's multiply-adds: ${kindsRun.join(', ')}`);
    for (const { name, instructions } of prefill.functions.slice(0, 8)) {
      console.log(`    ${(instructions / tokens / 1000).toFixed(1).padStart(9)}  ${name}`);
    }
  }
}

/** Projects the counts to a model that a board would run. */
function printProjections(report: readonly { quant: string; results: readonly Measured[] }[]): void {
  const { width, feedForward, blocks } = shape.text;
  const { tokens: prompt } = llava7b;
  console.log(`\nprojected to LLaVA-1.6 7B, a prompt of ${prompt} tokens: billions of instructions`);
  console.log(`${' '.repeat(36)}attention   matrices       rest        all`);
  for (const { quant, results } of report) {
    for (const { module, prefill } of results) {
      const { attention, matrices, rest, all } = project(
        prefill,
        { width, feedForward, blocks, tokens },
        llava7b,
      );
      const cells = [attention, matrices, rest, all].map((figure) => (figure / 1e9).toFixed(0).padStart(11));
      console.log(`  ${`${quant}, ${nameOf(module)}`.padEnd(32)}${cells.join('')}`);
    }
  }
}

buildArm64();
const folder = mkdtempSync(join(tmpdir(), 'scenecast-instructions-'));
const plugin = join(arm64Project, '../count-blocks.so');
try {
  const source = join(import.meta.dirname, 'count-blocks.c');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', plugin, source], { stdio: ['ignore', 2, 2] });
  const [first] = contests;
  if (values.towers)
    await printTowers(
      contestsOf(true).map((contest) => (contest === first ? onOrion : contest)),
      plugin,
      folder,
    );
  else await compareModules();
} finally {
  rmSync(folder, { recursive: true });
}

async function compareModules(): Promise<void> {
  const modules = contests.flatMap((contest) => [contest.ours, ...contest.prebuilt]);
  const code = new Map(modules.map((module) => [module, readCode(module)]));
  printKernels(code);

  const random = writeRandomLlava(folder, shape);
  // As published: half-precision matrices.
  const mmprojPath = join(folder, 'mmproj-f16.gguf');
  await quantizeFile({ inputPath: random.mmprojPath, outputPath: mmprojPath, type: 'F16', threads: 1 });
  console.log(
    `\na prompt of ${tokens} tokens, heads of 128; thousands of instructions per token, and our share of theirs`,
  );
  const report: { quant: string; cpu: string; results: readonly Measured[] }[] = [];
  for (const quant of values.quants.split(',')) {
    const textPath = join(folder, `${quant}.gguf`);
    await quantizeFile({ inputPath: random.textPath, outputPath: textPath, type: quant, threads: 1 });
    for (const { cpu, ours: ourModule, prebuilt } of contestsOf(report.length === 0)) {
      const results: Measured[] = [];
      for (const module of [ourModule, ...prebuilt]) {
        results.push(await measure(cpu, module, { textPath, mmprojPath }, code.get(module)!));
      }
      printCounts(`${quant}, ${cpu}`, tokens, results, ({ prefill }) => prefill);
      if (values.functions) printFunctions(results);
      report.push({ quant, cpu, results });
    }
  }
  if (values.encode) {
    for (const { cpu, results } of report.slice(0, contests.length)) {
      printCounts(`a 336x336 tile, ${cpu}`, 1000, results, ({ encode }) => encode!);
    }
    console.log('  (millions of instructions: a tower of one block, width 128, F16)');
  }
  printProjections(report.filter(({ cpu }) => cpu === contests[0]!.cpu));
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ tokens, report }, null, 2));

  for (const { quant, results } of report.filter(({ cpu }) => cpu === contests[0]!.cpu)) {
    const [our, ...others] = results.map(({ prefill }) => prefill.attentionProduct);
    const maxShare = Math.max(...others.map((other) => our! / other));
    const verdict = `${quant}: our attention product takes at most ${(100 * maxShare).toFixed(1)} % of a prebuilt module's`;
    console.log(verdict);
    if (maxShare > maxShareOfPrebuilt) process.exitCode = 1;
  }
}
