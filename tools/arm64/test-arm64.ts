/**
 * Tests the arm64 build on emulated processors: the demo model describes held-out scenes with our CPU module for the
 * processor (and, with SVE, with the prebuilt one), and each caption is compared with this machine's own. A caption may
 * differ if the two tokens were almost equally likely here (a near tie).
 *
 *   npm run test:arm64 -- [--count 24] [--jobs 2] [--only neoverse-n1]
 *
 * Prints a table; exits with 1 if a caption differs otherwise, or the wrong module was loaded.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { locateModel } from '../../src/models/installed/locate.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { chooseCpuModule } from '../../src/vision/native/cpu-module.ts';
import { quantizeFile } from '../../src/vision/one-shot/quantize.ts';
import { heldOutScenes } from '../accuracy/held-out-scenes.ts';
import type { Round } from './describe-scenes.ts';
import { buildArm64, runEmulated, tunedModules } from './emulator.ts';
import { type Caption, type ModelFiles, type ScenePicture, Speaker } from './speaker.ts';

/** Two tokens with a smaller difference of logits count as equally likely: odds closer than 3 to 2. */
const nearTie = 0.4;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '24' },
    jobs: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
});
const count = Number(values.count);

interface Run {
  readonly cpu: string;
  /** Path of a CPU module; null: the prebuilt one that ggml finds best. */
  readonly module: string | null;
  /** The module that must be loaded. */
  readonly expected: RegExp;
  /** Every how many scenes one is described; above 1, only the first round's. */
  readonly oneIn: number;
}

function runsOf(): Run[] {
  const chosen = (...features: string[]): string | null => chooseCpuModule(features, tunedModules);
  const a720 = chosen('asimd', 'fp16', 'dotprod', 'bf16', 'i8mm', 'sve', 'sve2');
  return [
    { cpu: 'max', module: a720, expected: /-a720\.so$/, oneIn: 1 },
    // Emulating SVE takes ten times as long.
    { cpu: 'max', module: null, expected: /-armv9\.2_2\.so$/, oneIn: 12 },
    { cpu: 'neoverse-n1', module: chosen('asimd', 'fp16', 'dotprod'), expected: /-a76\.so$/, oneIn: 1 },
    { cpu: 'cortex-a72', module: chosen('asimd'), expected: /-a72\.so$/, oneIn: 1 },
    // A module refuses a processor without its instructions; a suitable prebuilt one is used instead.
    { cpu: 'cortex-a72', module: a720, expected: /-armv8\.0_1\.so$/, oneIn: 6 },
  ];
}

/**
 * Q8_0, for the kernels of quantised models: all scenes in overview, some in full detail. F16, the committed model's
 * type: a few, since it is slow to emulate.
 */
async function roundsOf(folder: string): Promise<Round[]> {
  const scenes: ScenePicture[] = [];
  for (const { seed, size } of heldOutScenes(900_000, count)) {
    const path = join(folder, `${seed}.jpg`);
    writeFileSync(path, await drawScene(sampleScene(seed, size)));
    scenes.push({ seed, size, path });
  }
  const f16 = await locateModel(join(import.meta.dirname, '../../models/demo'));
  const q8: ModelFiles = { text: join(folder, 'text-q8_0.gguf'), mmproj: join(folder, 'mmproj-q8_0.gguf') };
  for (const part of ['text', 'mmproj'] as const) {
    await quantizeFile({ inputPath: f16[part], outputPath: q8[part], type: 'Q8_0', threads: 1 });
  }
  return [
    { title: 'Q8_0, overview', model: q8, detail: 'overview', scenes },
    { title: 'Q8_0, full detail', model: q8, detail: 'full', scenes: scenes.slice(0, Math.ceil(count / 12)) },
    { title: 'F16, overview', model: f16, detail: 'overview', scenes: scenes.slice(-Math.ceil(count / 12)) },
  ];
}

/** This machine's captions, and the margins of their tokens. */
class Judge {
  readonly #rounds: readonly Round[];
  readonly #speakers: readonly Speaker[];
  readonly #captions: readonly (readonly Caption[])[];
  /** One at a time: the engine is not reentrant. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    rounds: readonly Round[],
    speakers: readonly Speaker[],
    captions: readonly Caption[][],
  ) {
    this.#rounds = rounds;
    this.#speakers = speakers;
    this.#captions = captions;
  }

  static async open(rounds: readonly Round[]): Promise<Judge> {
    loadAddon().loadBackends(backendsDir());
    const speakers: Speaker[] = [];
    const captions: Caption[][] = [];
    for (const { model, detail, scenes } of rounds) {
      const speaker = await Speaker.open(model, detail);
      const captionsOfRound: Caption[] = [];
      for (const scene of scenes) captionsOfRound.push(await speaker.describe(scene));
      speakers.push(speaker);
      captions.push(captionsOfRound);
    }
    return new Judge(rounds, speakers, captions);
  }

  get module(): string {
    return basename(this.#speakers[0]!.cpu.module);
  }

  judge(round: number, scene: number, theirs: Caption): Promise<'same' | 'nearTie' | 'wrong'> {
    const verdict = this.#last.then(() => this.#judge(round, scene, theirs));
    this.#last = verdict.catch(() => {});
    return verdict;
  }

  async #judge(round: number, scene: number, theirs: Caption): Promise<'same' | 'nearTie' | 'wrong'> {
    const mine = this.#captions[round]![scene]!;
    if (mine.tokens.join() === theirs.tokens.join()) return 'same';
    // No margin for a caption that was cut off at max tokens.
    const index = mine.tokens.findIndex((token, at) => theirs.tokens[at] !== token);
    const other = theirs.tokens[index];
    const { title, scenes } = this.#rounds[round]!;
    const margin =
      index === -1 || other === undefined
        ? Number.POSITIVE_INFINITY
        : await this.#speakers[round]!.margin(scenes[scene]!, index, other);
    console.log(
      `  ${title}, scene ${mine.seed}: ${margin < nearTie ? 'a near tie' : 'NO near tie'}, margin ${margin.toFixed(2)}\n` +
        `    here   ${mine.text}\n    there  ${theirs.text}`,
    );
    return margin < nearTie ? 'nearTie' : 'wrong';
  }

  async close(): Promise<void> {
    await this.#last;
    for (const speaker of this.#speakers) await speaker.close();
  }
}

interface Outcome {
  readonly run: Run;
  readonly module: string;
  readonly same: number;
  readonly nearTie: number;
  readonly wrong: number;
}

async function perform(run: Run, all: readonly Round[], list: string, judge: Judge): Promise<Outcome> {
  const [first, ...others] = all as [Round, ...Round[]];
  const thinned = { ...first, scenes: first.scenes.slice(0, Math.ceil(first.scenes.length / run.oneIn)) };
  const rounds = run.oneIn === 1 ? [first, ...others] : [thinned];
  writeFileSync(list, JSON.stringify(rounds));
  const places = rounds.flatMap(({ scenes }, round) => scenes.map((_, scene) => ({ round, scene })));
  const tally = { same: 0, nearTie: 0, wrong: 0 };
  let module = '';
  let done = 0;
  const args = run.module === null ? [list] : [list, run.module];
  for await (const line of runEmulated(run.cpu, 'describe-scenes', args)) {
    const message = JSON.parse(line);
    if (message.module !== undefined) {
      module = message.module;
      console.log(`${run.cpu}: ${basename(module)} (${Object.keys(message.features).join(' ')})`);
      if (message.failure !== null) console.log(`  ${message.failure}`);
      continue;
    }
    const { round, scene } = places[done++]!;
    tally[await judge.judge(round, scene, message)]++;
    if (done % 4 === 0) console.error(`${run.cpu}, ${basename(module)}: ${done} of ${places.length}`);
  }
  if (done !== places.length) throw new Error(`${run.cpu}: ${done} of ${places.length} scenes described`);
  return { run, module, ...tally };
}

function printTable(outcomes: readonly Outcome[], judge: Judge): void {
  console.log(`\ncaptions compared with ${judge.module} on this machine`);
  console.log('cpu          module                        same  near ties  wrong');
  for (const { run, module, same, nearTie: ties, wrong } of outcomes) {
    const figures = [String(same).padStart(4), String(ties).padStart(11), String(wrong).padStart(7)].join('');
    const isMeant = run.expected.test(module);
    console.log(
      `${run.cpu.padEnd(13)}${basename(module).padEnd(30)}${figures}${isMeant ? '' : `  NOT ${run.expected.source}`}`,
    );
    if (!isMeant || wrong > 0) process.exitCode = 1;
  }
}

buildArm64();
const folder = mkdtempSync(join(tmpdir(), 'scenecast-arm64-'));
try {
  const rounds = await roundsOf(folder);
  const judge = await Judge.open(rounds);
  try {
    const runs = runsOf().filter(({ cpu }) => cpu.includes(values.only));
    const outcomes: Outcome[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let number = next++; number < runs.length; number = next++) {
        const list = join(folder, `rounds-${number}.json`);
        outcomes[number] = await perform(runs[number]!, rounds, list, judge);
      }
    };
    await Promise.all(Array.from({ length: Number(values.jobs) }, work));
    printTable(outcomes, judge);
  } finally {
    await judge.close();
  }
} finally {
  rmSync(folder, { recursive: true });
}
