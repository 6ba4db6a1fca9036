/**
 * Measures Scenecast's engine beside llama-server, built from the same llama.cpp source and using the same libraries
 * and CPU modules. Both are loaded and warm, and describe the same pictures in turns; prints the medians of all rounds.
 *
 *   npm run bench -- --quick             demo model, all scenes; 350M with a Q8_0 tower, changing pictures; three rounds
 *   npm run bench -- --full              all models
 *   npm run bench -- --only demo/slow    one scene; can be repeated, and `--only 350m` is all that begins with it
 *
 *   --rounds N   default 5
 *   --threads N  of both sides; default: as planned. The result is not kept for resuming.
 *   --again      measure again what build/bench/scenes has of the same code
 *
 * Writes build/bench/<date>.json. Needs build/native (scripts/build-native.sh), cmake, ninja and a C++ compiler.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { codeDigest } from './speed/code-digest.ts';
import { measureCold } from './speed/measure-cold.ts';
import { measureScene } from './speed/measure-scene.ts';
import { type BenchModel, benchModels } from './speed/models.ts';
import type { BenchRun, Sample, SceneResult } from './speed/result.ts';
import { ResultStore } from './speed/result-store.ts';
import { type SceneName, sceneWords } from './speed/scenes.ts';
import { formatMs, resultTable } from './speed/table.ts';

const root = join(import.meta.dirname, '../..');
/** Above this, other work disturbs the figures. */
const maxQuietLoad = 0.5;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    threads: { type: 'string' },
    again: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));

/** Model and scene of each measurement. */
function chosen(): [BenchModel, SceneName][] {
  const all = benchModels.flatMap((model) =>
    model.scenes.map((scene): [BenchModel, SceneName] => [model, scene]),
  );
  const { only } = values;
  if (only)
    return all.filter(([{ name }, scene]) => only.some((start) => `${name}/${scene}`.startsWith(start)));
  if (values.full) return all;
  return all.filter(([{ name }, scene]) => name === 'demo' || `${name}/${scene}` === '350m-q8_0/changing');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
execFileSync(join(root, 'tools/accuracy/peer/build.sh'), { stdio: ['ignore', 2, 2] });
const loadAtStart = loadavg()[0]!;
const digest = codeDigest();
const store = new ResultStore(join(root, 'build/bench/scenes'));
const results: SceneResult[] = [];
const list = chosen();
for (const [index, [model, scene]] of list.entries()) {
  const kept = values.again || values.threads ? null : store.find(model.name, scene, digest, rounds);
  console.error(
    `[${index + 1}/${list.length}] ${model.name}: ${sceneWords[scene]}${kept ? ` (measured on ${kept.date})` : ''}`,
  );
  const onProgress = (round: number, ours: Sample, theirs: Sample): void =>
    console.error(
      `  round ${round + 1} of ${rounds}: ${formatMs(ours.totalMs)}, llama-server ${formatMs(theirs.totalMs)}`,
    );
  const options = {
    rounds,
    threads: values.threads ? Number(values.threads) : null,
    codeDigest: digest,
    onProgress,
  };
  const measure = (): Promise<SceneResult> =>
    scene === 'cold' ? measureCold(model, options) : measureScene(model, scene, options);
  // Before the first scene: later ones follow the bench's own work.
  const result = kept ?? { ...(await measure()), loadBefore: loadAtStart };
  if (!kept && !values.threads) store.keep(result);
  results.push(result);
}

const run: BenchRun = {
  rounds,
  machine: `${cpus().length} x ${cpus()[0]?.model}`,
  loadAtStart: Math.max(...results.map(({ loadBefore }) => loadBefore)),
  loadAtEnd: loadavg()[0]!,
  results,
};
const path = join(root, 'build/bench', `${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`);

console.log(resultTable(results));
for (const { model, scene, notes } of results)
  for (const note of notes) console.log(`${model}, ${scene}: ${note}`);
console.log(
  `medians of ${rounds} rounds, ${run.machine}, ${results[0]?.threads} threads, ${results[0]?.cpu}, ${results[0]?.build}; ` +
    `load average ${run.loadAtStart.toFixed(2)} before, ${run.loadAtEnd.toFixed(2)} after`,
);
console.log('hollow models (all but demo) generate a fixed number of tokens, without drafts, on both sides');
if (run.loadAtStart > maxQuietLoad)
  console.log(
    `WARNING: load average above ${maxQuietLoad} at the start: figures measured beside other work are no figures`,
  );
console.log(path);
