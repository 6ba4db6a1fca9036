import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import { tinyShape, writeRandomLlava } from '../test/random-llava.ts';
import { writeRandomModel } from '../test/random-projectors.ts';
import { mutateGguf, type Random } from './mutate-gguf.ts';
import { type ModelPair, type Outcome, tryModel } from './try-model.ts';

// Gives the engine files with one fault each. Each must be refused with an error that names the file, or load and answer;
// the calling process must survive, and load a good model afterwards.

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    keep: { type: 'string' },
  },
});
const count = Number(values.count);
const jobs = Number(values.jobs);
const folder = mkdtempSync(join(tmpdir(), 'scenecast-fuzz-'));
const models: readonly ModelPair[] = [
  writeRandomLlava(folder, tinyShape, { name: 'llava' }),
  writeRandomModel(folder, 'gemma3'),
  writeRandomModel(folder, 'qwen2.5vl_merger'),
];
const picture = {
  size: { width: 64, height: 48 },
  bytes: await sharp({ create: { width: 64, height: 48, channels: 3, background: '#808080' } })
    .jpeg()
    .toBuffer(),
};

interface Trial {
  readonly number: number;
  readonly what: string;
  readonly outcome: Outcome;
}

const trials: Trial[] = [];
let next = 0;
const showsBar = process.stderr.isTTY === true;

async function work(): Promise<void> {
  for (let number = next++; number < count; number = next++) {
    const random = sceneRandom(Number(values.seed), number).below;
    const model = models[random(models.length)]!;
    const { pair, what, path } = faulty(number, model, random);
    const outcome = await tryModel(pair, picture);
    trials.push({ number, what, outcome });
    if (showsBar) process.stderr.write(`\r${trials.length} of ${count}`);
    if (outcome.kind === 'bad' && values.keep !== undefined) {
      writeFileSync(join(values.keep, `${number}.gguf`), readFileSync(path));
    }
    rmSync(path, { force: true });
  }
}

/** A pair with one faulty file: mutated, or the projector of another model. */
function faulty(
  number: number,
  model: ModelPair,
  random: Random,
): { pair: ModelPair; what: string; path: string } {
  const path = join(folder, `fault-${number}.gguf`);
  if (random(20) === 0) {
    const other = models[(models.indexOf(model) + 1 + random(models.length - 1)) % models.length]!;
    return { pair: { ...model, mmprojPath: other.mmprojPath }, what: "another model's projector", path };
  }
  const which = random(2) === 0 ? 'textPath' : 'mmprojPath';
  const { what, bytes } = mutateGguf(readFileSync(model[which]), random);
  writeFileSync(path, bytes);
  return {
    pair: { ...model, [which]: path },
    what: `${which === 'textPath' ? 'text' : 'mmproj'}: ${what}`,
    path,
  };
}

try {
  await Promise.all(Array.from({ length: jobs }, work));
  if (showsBar) process.stderr.write('\r\x1b[K');
  const tally = new Map<string, number>();
  for (const { outcome } of trials) {
    const key = outcome.kind === 'refused' ? `refused: ${outcome.code}` : outcome.kind;
    tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  for (const [key, number] of [...tally].sort((a, b) => b[1] - a[1])) {
    console.log(`${String(number).padStart(5)}  ${key}`);
  }
  const bad = trials.filter(({ outcome }) => outcome.kind === 'bad');
  for (const { number, what, outcome } of bad) {
    console.log(`BAD ${number} (${what}): ${outcome.kind === 'bad' ? outcome.why : ''}`);
  }
  const good = await Promise.all(models.map((model) => tryModel(model, picture)));
  const alive = good.every(({ kind }) => kind === 'described');
  console.log(`${trials.length} faulty files; afterwards ${alive ? 'all' : 'NOT all'} good models describe`);
  if (bad.length > 0 || !alive) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
