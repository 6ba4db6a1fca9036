/**
 * Measures Scenecast's engine beside llama-server and llama-mtmd-cli, built from the same llama.cpp source and using the
 * same prebuilt libraries, and the whole daemon, which has no peer. Scenecast uses its own CPU module if it has one for
 * this machine. All describe the same pictures in turns; prints the medians of all rounds.
 *
 *   npm run bench -- --quick             demo model, all scenes; 350M with a Q8_0 tower, changing pictures; three rounds
 *   npm run bench -- --full              all models
 *   npm run bench -- --only demo/slow    one scene; can be repeated, and `--only 350m` is all that begins with it
 *
 *   --rounds N   default 5; with --quick 3
 *   --threads N  of the engine; default: as planned. The peers get the best of 1 and N. The result is not kept.
 *   --again      measure again what build/bench/scenes has of the same code
 *
 * Writes build/bench/<date>.json. Needs build/native (scripts/build-native.sh), cmake, ninja, a C++ compiler and mosquitto.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { codeDigest } from './speed/code-digest.ts';
import { daemonTable, spreadNotes } from './speed/daemon-table.ts';
import { measureCold } from './speed/measure-cold.ts';
import { measureDaemon } from './speed/measure-daemon.ts';
import { measureScene } from './speed/measure-scene.ts';
import { type BenchModel, benchModels } from './speed/models.ts';
import type { BenchRun, DaemonResult, KeptResult, SceneResult } from './speed/result.ts';
import { ResultStore } from './speed/result-store.ts';
import { type DaemonSceneName, isDaemonScene, type SceneName, sceneWords } from './speed/scenes.ts';
import { busyNotes, formatMs, resultTable } from './speed/table.ts';
import { hereAndNow } from './speed/where-and-when.ts';

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
function chosen(): [BenchModel, SceneName | DaemonSceneName][] {
  const all = benchModels.flatMap((model) =>
    [...model.scenes, ...model.daemonScenes].map((scene): [BenchModel, SceneName | DaemonSceneName] => [
      model,
      scene,
    ]),
  );
  const { only } = values;
  if (only)
    return all.filter(([{ name }, scene]) => only.some((start) => `${name}/${scene}`.startsWith(start)));
  if (values.full) return all;
  return all.filter(([{ name }, scene]) => name === 'demo' || `${name}/${scene}` === '350m-q8_0/changing');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
execFileSync(join(root, 'tools/accuracy/peer/build.sh'), { stdio: ['ignore', 2, 2] });
const startTime = performance.now();
const loadAtStart = loadavg()[0]!;
const digests = { engine: codeDigest('engine'), daemon: codeDigest('daemon') };
const store = new ResultStore(join(root, 'build/bench/scenes'));
const results: SceneResult[] = [];
const daemon: DaemonResult[] = [];

/** The kept result, or a new one, which is kept. */
async function resultOf<Result extends KeptResult & { readonly date: string }>(
  title: string,
  wanted: KeptResult,
  measure: () => Promise<Result>,
): Promise<Result> {
  const kept = values.again || values.threads ? null : store.find<Result>(wanted);
  console.error(`${title}${kept ? ` (measured on ${kept.date})` : ''}`);
  if (kept) return kept;
  // Before the first scene: later ones follow the bench's own work.
  const result = { ...(await measure()), loadBefore: loadAtStart };
  if (!values.threads) store.keep(result);
  return result;
}

function roundsOf({ isSlow }: BenchModel): number {
  return isSlow ? 1 : rounds;
}

function measureEngine(model: BenchModel, scene: SceneName): Promise<SceneResult> {
  const options = {
    rounds: roundsOf(model),
    threads: values.threads ? Number(values.threads) : null,
    codeDigest: digests.engine,
    onProgress: (round: number, ours: { totalMs: number }, theirs: { totalMs: number }): void =>
      console.error(
        `  round ${round + 1} of ${roundsOf(model)}: ${formatMs(ours.totalMs)}, llama-server ${formatMs(theirs.totalMs)}`,
      ),
  };
  return scene === 'cold' ? measureCold(model, options) : measureScene(model, scene, options);
}

const list = chosen();
for (const [index, [model, scene]] of list.entries()) {
  const title = `[${index + 1}/${list.length}] ${model.name}: ${sceneWords[scene]}`;
  const wanted = { model: model.name, scene, roundCount: roundsOf(model) };
  if (isDaemonScene(scene)) {
    const { daemon: digest } = digests;
    const onProgress = (round: number, cameras: number, { perSecond }: { perSecond: number }): void =>
      console.error(
        `  round ${round + 1} of ${rounds}, ${cameras} cameras: ${perSecond.toFixed(2)} descriptions/s`,
      );
    daemon.push(
      await resultOf(title, { ...wanted, codeDigest: digest }, () =>
        measureDaemon(scene, { rounds, codeDigest: digest, onProgress }),
      ),
    );
  } else {
    const { engine: digest } = digests;
    results.push(await resultOf(title, { ...wanted, codeDigest: digest }, () => measureEngine(model, scene)));
  }
}

const run: BenchRun = {
  rounds,
  loadAtStart: Math.max(...[...results, ...daemon].map(({ loadBefore }) => loadBefore)),
  loadAtEnd: loadavg()[0]!,
  results,
  daemon,
};
const path = join(root, 'build/bench', `${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`);

if (results.length > 0) {
  console.log(resultTable(results));
  for (const { model, scene, notes } of results)
    for (const note of notes) console.log(`${model}, ${scene}: ${note}`);
  for (const note of busyNotes(results)) console.log(note);
  for (const engine of new Set(
    results.map(({ threads, cpu, build }) => `${threads} threads, ${cpu}, ${build}`),
  ))
    console.log(engine);
  console.log(
    'hollow models (all but demo) generate a fixed number of tokens, without drafts, on both sides',
  );
}
if (daemon.length > 0) {
  console.log('\nthe daemon with the demo model; no other program does this, so there is no ratio:');
  console.log(daemonTable(daemon));
  for (const note of spreadNotes(daemon)) console.log(note);
}
console.log(
  `\nmedians of ${rounds} rounds, ${hereAndNow().machine}; load average ${run.loadAtStart.toFixed(2)} before, ` +
    `${run.loadAtEnd.toFixed(2)} after; ${Math.round((performance.now() - startTime) / 1000)} s in all`,
);
if (run.loadAtStart > maxQuietLoad)
  console.log(
    `WARNING: load average above ${maxQuietLoad} at the start: figures measured beside other work are no figures`,
  );
console.log(path);
