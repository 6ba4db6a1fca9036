/**
 * The arm64 build on emulated processors: the demo model describes held-out scenes with the CPU module that would be
 * chosen on such a processor (and, where SVE is there, with the prebuilt one), and each caption is compared with this
 * machine's own. One that differs is let pass where the two tokens were all but equally likely here (a near tie).
 *
 *   npm run test:arm64 -- [--count 24]
 *
 * Prints a table; exit 1 where a caption differs otherwise, or another module was loaded than was meant.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { locateModel } from '../../src/models/locate.ts';
import { chooseCpuModule } from '../../src/vision/cpu-module.ts';
import { heldOutScenes } from '../accuracy/held-out-scenes.ts';
import type { SceneList } from './describe-scenes.ts';
import { buildArm64, runEmulated, tunedModules } from './emulator.ts';
import { type Said, type ScenePicture, Speaker } from './speaker.ts';

/** A difference of logits below which two tokens count as equally likely: the odds are then closer than 3 to 2. */
const nearTie = 0.4;

const { values } = parseArgs({ options: { count: { type: 'string', default: '24' } } });

interface Run {
  readonly cpu: string;
  /** Path of a CPU module; null: the prebuilt one that ggml finds best. */
  readonly module: string | null;
  /** The module that must be in use. */
  readonly expected: RegExp;
  readonly count: number;
}

const count = Number(values.count);

function runsOf(): Run[] {
  const chosen = (...features: string[]): string | null => chooseCpuModule(features, tunedModules);
  return [
    {
      ...{ cpu: 'max', count, expected: /-a720\.so$/ },
      module: chosen('asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2'),
    },
    { cpu: 'max', module: null, expected: /-armv9\.2_2\.so$/, count },
    { cpu: 'neoverse-n1', module: chosen('asimd', 'fp16', 'dotprod'), expected: /-a76\.so$/, count },
    { cpu: 'cortex-a72', module: chosen('asimd'), expected: /-a72\.so$/, count },
    // A module whose instructions the processor has not refuses itself; the prebuilt one that suits takes its place.
    {
      ...{ cpu: 'cortex-a72', count: Math.min(count, 2), expected: /-armv8\.0_1\.so$/ },
      module: join(tunedModules, 'libggml-cpu-a720.so'),
    },
  ];
}

interface Outcome {
  readonly run: Run;
  readonly module: string;
  readonly same: number;
  readonly nearTies: number;
  readonly wrong: number;
  readonly seconds: number;
}

/** Tells how two captions differ, and whether that is a near tie on this machine. */
async function compare(here: Speaker, scene: ScenePicture, mine: Said, theirs: Said): Promise<boolean> {
  // Where one says more than the other, the end is among the two tokens, and no margin is taken.
  const index = mine.tokens.findIndex((token, at) => theirs.tokens[at] !== token);
  const other = theirs.tokens[index];
  const margin =
    index === -1 || other === undefined ? Number.POSITIVE_INFINITY : await here.margin(scene, index, other);
  const isTie = margin < nearTie;
  const verdict = isTie
    ? `a near tie, margin ${margin.toFixed(2)}`
    : `NO near tie, margin ${margin.toFixed(2)}`;
  console.log(`  scene ${scene.seed} (${verdict}):\n    here   ${mine.text}\n    there  ${theirs.text}`);
  return isTie;
}

async function perform(
  run: Run,
  list: SceneList,
  folder: string,
  here: Speaker,
  captions: readonly Said[],
): Promise<Outcome> {
  const started = performance.now();
  const scenes = list.scenes.slice(0, run.count);
  const listPath = join(folder, 'list.json');
  writeFileSync(listPath, JSON.stringify({ ...list, scenes }));
  const tally = { same: 0, nearTies: 0, wrong: 0 };
  let module = '';
  let done = 0;
  const args = run.module === null ? [listPath] : [listPath, run.module];
  for await (const line of runEmulated(run.cpu, 'describe-scenes.ts', args)) {
    const message = JSON.parse(line);
    if (message.module !== undefined) {
      module = message.module;
      console.log(`${run.cpu}: ${basename(module)} (${Object.keys(message.features).join(' ')})`);
      if (message.failure !== null) console.log(`  ${message.failure}`);
      continue;
    }
    const theirs = message as Said;
    const mine = captions[done]!;
    if (theirs.tokens.join() === mine.tokens.join()) tally.same++;
    else if (await compare(here, scenes[done]!, mine, theirs)) tally.nearTies++;
    else tally.wrong++;
    done++;
    process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${run.cpu}: ${done} of ${scenes.length} `);
  }
  process.stderr.write('\n');
  if (done !== scenes.length)
    throw new Error(`${run.cpu}: ${done} of ${scenes.length} scenes were described`);
  return { run, module, ...tally, seconds: (performance.now() - started) / 1000 };
}

buildArm64();
const folder = mkdtempSync(join(tmpdir(), 'scenecast-arm64-'));
const model = await locateModel(join(import.meta.dirname, '../../models/demo'));
const here = await Speaker.open(model, null);
try {
  const scenes: ScenePicture[] = [];
  for (const { seed, size } of heldOutScenes(900_000, count)) {
    const path = join(folder, `${seed}.jpg`);
    writeFileSync(path, await drawScene(sampleScene(seed, size)));
    scenes.push({ seed, size, path });
  }
  const captions: Said[] = [];
  for (const scene of scenes) captions.push(await here.describe(scene));
  const outcomes: Outcome[] = [];
  for (const run of runsOf()) outcomes.push(await perform(run, { model, scenes }, folder, here, captions));

  console.log(`\ncaptions compared with ${basename(here.cpu.module)} on this machine`);
  console.log('cpu          module                        scenes  same  near ties  wrong  seconds');
  for (const { run, module, same, nearTies, wrong, seconds } of outcomes) {
    const isMeant = run.expected.test(module);
    if (!isMeant || wrong > 0) process.exitCode = 1;
    const figures = [run.count, same, nearTies, wrong, Math.round(seconds)];
    const widths = [6, 6, 11, 7, 9];
    console.log(
      run.cpu.padEnd(13) +
        basename(module).padEnd(30) +
        figures.map((figure, column) => String(figure).padStart(widths[column]!)).join('') +
        (isMeant ? '' : `  NOT ${run.expected.source}`),
    );
  }
} finally {
  await here.close();
  rmSync(folder, { recursive: true });
}
