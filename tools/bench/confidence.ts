/**
 * Measures what the confidence of typed answers costs: a boolean, an integer and an enum question about the same picture, answered
 * side by side, without and with their probabilities. Prints medians for the demo model, and for one of the size and
 * vocabulary of SmolVLM2 500M whose weights are all zero.
 *
 *   npm run bench:confidence -- [--rounds 31]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { answerGrammar, maxAnswerTokens } from '../../src/domain/answer-grammar.ts';
import type { AnswerType } from '../../src/domain/observation.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import type { MtmdEngine, Turn } from '../../src/vision/native/mtmd-engine.ts';
import { demoEngine } from '../test/demo-engine.ts';
import { smolVlm500m, writeHollowModel } from '../test/hollow-model.ts';
import { wholeOption } from '../test/whole-option.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '31' } } });
const rounds = wholeOption('rounds', values.rounds, 1);

const types: readonly AnswerType[] = [
  { kind: 'boolean' },
  { kind: 'integer', min: 0, max: 100 },
  { kind: 'enum', values: ['red', 'green', 'blue', 'yellow', 'white'] },
];
/** Of a picture. */
const prefixTokens = 300;

interface Reading {
  readonly ms: number;
  readonly tokensPerSecond: number;
}

async function answer(engine: MtmdEngine, wantsProbability: boolean): Promise<Reading> {
  const turns = types.map(
    (type): Turn => ({
      prompt: engine.tokenize('How many shapes are there? ASSISTANT:'),
      sampler: { temperature: 0, grammar: answerGrammar(type) },
      maxTokens: maxAnswerTokens(type),
      wantsProbability,
    }),
  );
  const start = performance.now();
  const { turns: results } = await engine.runTurns(turns);
  const ms = performance.now() - start;
  const tokens = results.reduce((sum, result) => sum + result.tokens.length, 0);
  return { ms, tokensPerSecond: (tokens / ms) * 1000 };
}

function median(readings: readonly Reading[], name: keyof Reading): string {
  const sorted = readings.map((reading) => reading[name]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!.toFixed(1);
}

async function measure(name: string, files: { textPath: string; mmprojPath: string }): Promise<void> {
  const { textPath, mmprojPath } = files;
  const engine = await addon.load({ textPath, mmprojPath, contextSize: 2048, threads: 2 });
  await engine.decodeTokens(Int32Array.from({ length: prefixTokens }, (_, at) => 10 + (at % 100)));
  await answer(engine, false);
  const first = await answer(engine, true);
  const readings: Record<'without' | 'with', Reading[]> = { without: [], with: [] };
  for (let round = 0; round < rounds; round++)
    for (const which of ['without', 'with'] as const)
      readings[which].push(await answer(engine, which === 'with'));
  const { vocabularySize } = engine.info.text;
  await engine.close();
  console.log(`${name}, ${vocabularySize} tokens in its vocabulary`);
  for (const [which, all] of Object.entries(readings))
    console.log(
      `  ${which.padEnd(8)}${median(all, 'ms').padStart(8)} ms ${median(all, 'tokensPerSecond').padStart(8)} tokens/s`,
    );
  console.log(`  the first time${first.ms.toFixed(1).padStart(10)} ms`);
}

const folder = mkdtempSync(join(tmpdir(), 'scenecast-confidence-'));
const addon = loadAddon();
addon.loadBackends(backendsDir());
try {
  await measure('demo model', demoEngine);
  await measure('SmolVLM2 500M without weights', writeHollowModel(folder, smolVlm500m));
} finally {
  rmSync(folder, { recursive: true });
}
