/**
 * What the type of the vision tower's matrices costs in accuracy and gains in speed: F16, BF16, Q8_0, Q4_0 and mixes.
 *
 *   npm run bench:tower                       all, in about twenty minutes
 *   npm run bench:tower -- --only captions    the demo model's exact captions and answers, and its embeddings' error
 *   npm run bench:tower -- --only seconds     the seconds for one square of ViT-L/336, on an idle machine
 *
 *   --count N     held-out scenes, the same as in `npm run accuracy`; default 300
 *   --rounds N    of the measurement of seconds, each with every type once; default 5
 *   --threads N   default: the processor's number
 *
 * The demo model's weights are trained, but on simple scenes: it shows what is bad, not what is good enough. ViT-L/336 has
 * zero weights here, so that only its speed says something.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { probeBoard } from '../../src/board/probe-board.ts';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { loadAddon } from '../../src/vision/native/addon.ts';
import { chooseCpuModule, loadCpuModule } from '../../src/vision/native/cpu-module.ts';
import { heldOutScenes } from '../accuracy/held-out-scenes.ts';
import { describeScenes } from '../accuracy/real-path.ts';
import { overall, scoreOf } from '../accuracy/score.ts';
import { Mosquitto } from '../test/mosquitto.ts';
import { writeDemoTowers } from './tower/demo-towers.ts';
import { embeddingsOf, relativeError } from './tower/embedding-error.ts';
import { writeHollowTowers } from './tower/hollow-towers.ts';
import { squareSeconds } from './tower/square-seconds.ts';
import { towerTypes } from './tower/tower-types.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    count: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const scenes = heldOutScenes(900_000, Number(values.count));
const rounds = Number(values.rounds);
const threads = Number(values.threads);
/** Scenes whose embeddings are compared. */
const embeddedScenes = scenes.slice(0, 40);

async function measureCaptions(folder: string): Promise<void> {
  const models = await writeDemoTowers(join(folder, 'demo'), towerTypes);
  const broker = await Mosquitto.start();
  const rows: string[][] = [];
  let right: Float32Array[] | null = null;
  for (const [index, { name }] of towerTypes.entries()) {
    const files = models[index]!;
    console.error(`${name}: describing ${scenes.length} scenes`);
    const embeddings = await embeddingsOf(files, embeddedScenes);
    right ??= embeddings;
    const described = await describeScenes({
      brokerUrl: broker.url,
      scenes,
      model: dirname(files.mmproj),
      onProgress: () => {},
    });
    const { captions, questions } = scoreOf(described);
    const counts = [captions, questions].map((rates) => {
      const sum = overall(rates);
      return `${sum.right}/${sum.total}`;
    });
    const error = `${(100 * relativeError(embeddings, right)).toFixed(2)} %`;
    rows.push([name, ...counts, error, `${Math.round(statSync(files.mmproj).size / 1000)} kB`]);
  }
  await broker.close();
  const head = ['tower', 'captions right', 'answers right', 'error of the embeddings', 'file'];
  console.log(`demo model\n\n${markdownTable(head, rows, 1)}\n`);
}

async function measureSeconds(folder: string): Promise<void> {
  const towers = writeHollowTowers(join(folder, 'hollow'), towerTypes);
  const loadAtStart = loadavg()[0]!;
  const seconds = towers.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, tower] of towers.entries()) seconds[index]!.push(await squareSeconds(tower, threads));
    const line = seconds.map((each) => each.at(-1)!.toFixed(2)).join(', ');
    console.error(`round ${round + 1} of ${rounds}: ${line}`);
  }
  const medians = seconds.map((each) => each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)]!);
  const rows = towers.map(({ type, mmprojPath }, index) => [
    type.name,
    `${medians[index]!.toFixed(2)} s`,
    (medians[index]! / medians[0]!).toFixed(2),
    `${Math.round(statSync(mmprojPath).size / 1e6)} MB`,
  ]);
  console.log(
    `one square of ViT-L/336\n\n${markdownTable(['tower', 'seconds', 'of F16', 'file'], rows, 1)}\n`,
  );
  console.log(
    `medians of ${rounds} rounds, ${cpus().length} x ${cpus()[0]?.model}, ${threads} threads, ${basename(cpuModule)}; ` +
      `load average ${loadAtStart.toFixed(2)} before`,
  );
}

const cpuModule = await loadModule();

/** @returns the path of the CPU module in use */
async function loadModule(): Promise<string> {
  const chosen = chooseCpuModule((await probeBoard()).features);
  loadCpuModule(loadAddon(), chosen);
  return chosen ?? 'prebuilt CPU module';
}

const folder = mkdtempSync(join(tmpdir(), 'scenecast-tower-'));
try {
  if (values.only !== 'seconds') await measureCaptions(folder);
  if (values.only !== 'captions') await measureSeconds(folder);
} finally {
  rmSync(folder, { recursive: true });
}
