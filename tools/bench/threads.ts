/**
 * Measures how numbers of threads do on a quiet machine and beside another process that keeps one core busy: encoding a
 * square, prefilling, generating one turn, and generating four turns side by side. Prints medians.
 *
 *   node tools/bench/threads.ts MODEL THREADS[xTHREADS_BATCH][limited]... [--prebuilt] [--rounds N]
 *   node tools/bench/threads.ts 350m-q8_0 2 2limited 1
 *
 * MODEL is one of `npm run bench`. `limited`: while other processes keep CPUs busy, fewer threads compute, as the engine
 * does with a prebuilt CPU module. --prebuilt measures with that, and not with ours.
 */
import { parseArgs } from 'node:util';
import { probeBoard } from '../../src/board/probe-board.ts';
import { loadAddon } from '../../src/vision/native/addon.ts';
import { chooseCpuModule, loadCpuModule } from '../../src/vision/native/cpu-module.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';
import { BusyCore } from './speed/busy-core.ts';
import { benchModels, filesOf } from './speed/models.ts';

const prefillTokens = 288;
const decodeTokens = 24;
const turnTokens = 9;

interface Reading {
  readonly encodeMs: number;
  /** Tokens a second. */
  readonly prefill: number;
  readonly generate: number;
  readonly fourTurns: number;
}

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function measure(engine: MtmdEngine): Promise<Reading> {
  engine.clear();
  const side = engine.info.vision.imageSize;
  const square = Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * 2_654_435_761) >>> 24);
  const encodeMs = await timedMs(() => engine.encodeTile(square));
  const from = Math.floor(engine.info.text.vocabularySize / 2);
  const prompt = Int32Array.from({ length: prefillTokens }, (_, at) => from + (at % 100));
  const prefillMs = await timedMs(() => engine.decodeTokens(prompt, { logitsLast: true }));
  // The last token is not decoded.
  const generateMs = await timedMs(() => engine.generate(decodeTokens + 1, { stopAtEnd: false }));
  const turn = { prompt: prompt.subarray(0, 8), sampler: { temperature: 0 }, maxTokens: turnTokens };
  const four = await engine.runTurns([turn, turn, turn, turn]);
  // The first tokens come with the prefill.
  const generated = four.turns.reduce((sum, { tokens }) => sum + tokens.length - 1, 0);
  return {
    encodeMs,
    prefill: (prefillTokens / prefillMs) * 1000,
    generate: (decodeTokens / generateMs) * 1000,
    fourTurns: (generated / four.generateMs) * 1000,
  };
}

function medianOf(readings: readonly Reading[], name: keyof Reading): string {
  const values = readings.map((reading) => reading[name]).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)]!.toFixed(1).padStart(11);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, prebuilt: { type: 'boolean', default: false } },
});
const [name, ...counts] = positionals;
const model = benchModels.find((each) => each.name === name);
if (!model || counts.length === 0)
  throw new Error(
    `usage: MODEL THREADS...; the models are ${benchModels.map((each) => each.name).join(', ')}`,
  );
const { text, mmproj } = await filesOf(model);
const addon = loadAddon();
loadCpuModule(addon, values.prebuilt ? null : chooseCpuModule((await probeBoard({})).features));
const engines = await Promise.all(
  counts.map((count) => {
    const [threads, threadsBatch = threads] = count.replace('limited', '').split('x').map(Number) as [
      number,
      number?,
    ];
    const limitThreads = count.endsWith('limited');
    const files = { textPath: text, mmprojPath: mmproj };
    return addon.load({ ...files, contextSize: 1024, threads, threadsBatch, limitThreads });
  }),
);
for (const engine of engines) await measure(engine);
console.log(`${name!.padEnd(12)}   threads  encode ms  prefill/s generate/s four turns/s`);
for (const load of ['quiet', 'busy']) {
  await using stack = new AsyncDisposableStack();
  if (load === 'busy') stack.adopt(BusyCore.start(), (busy) => busy.close());
  const readings: Reading[][] = counts.map(() => []);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [index, engine] of engines.entries()) readings[index]!.push(await measure(engine));
  for (const [index, count] of counts.entries()) {
    const of = readings[index]!;
    const cells = (['encodeMs', 'prefill', 'generate', 'fourTurns'] as const).map((each) =>
      medianOf(of, each),
    );
    console.log(`${load.padEnd(12)} ${count.padStart(9)}${cells.join('')}`);
  }
}
await Promise.all(engines.map((engine) => engine.close()));
