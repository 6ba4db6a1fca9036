/**
 * Measures the gate's cost and error rates on generated camera pictures (see camera-view.ts).
 *
 *   npm run bench:gate -- [--static 10000] [--seeds 300] [--only time|static|things|colours|light]
 *
 * Prints each figure with its mark; exits with 1 if one is missed.
 */
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { nativeJpegBlocks } from '../../src/camera/jpeg-blocks.ts';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import type { Picture, Size } from '../../src/domain/frame.ts';
import { type BlockMeans, readBlockMeans } from '../../src/gate/block-means.ts';
import { ChangeDetector, type DetectorOptions } from '../../src/gate/change-detector.ts';
import { SceneGate } from '../../src/gate/scene-gate.ts';
import {
  type Balance,
  balances,
  CameraView,
  entering,
  type Light,
  lights,
  type Thing,
  thingOf,
  unevenLamp,
  warmLamp,
} from './camera-view.ts';

const { values } = parseArgs({
  options: {
    static: { type: 'string', default: '10000' },
    seeds: { type: 'string', default: '300' },
    only: { type: 'string' },
  },
});
const staticFrames = Number(values.static);
const seeds = Number(values.seeds);
const large: Size = { width: 1280, height: 720 };
/** Faster to draw, and harder: a block is the mean of 25 pixels instead of 400, with four times the noise. */
const small: Size = { width: 320, height: 180 };
const defaults: DetectorOptions = { sensitivity: 50, ignore: [], lightGuard: true };
/** Looks at the unchanged scene before something happens. */
const warmUpLooks = 3;
let missed = 0;

/** As in the daemon; null if the addon is not built: then sharp decodes. */
const jpegBlocks = nativeJpegBlocks({ ...console, debug: console.error });
const blocksOf = (picture: Picture): Promise<BlockMeans> => readBlockMeans(picture, jpegBlocks);

const parts = {
  time: timing,
  static: staticScene,
  things: thingsThatEnter,
  colours: thingsOfAnotherColour,
  light: lightSteps,
};
for (const [name, part] of Object.entries(parts)) {
  if (values.only === undefined || values.only === name) await part();
}
process.exitCode = missed > 0 ? 1 : 0;

async function timing(): Promise<void> {
  const view = new CameraView(1, { size: large, noise: 6, quality: 80 });
  const pictures = await Promise.all(Array.from({ length: 20 }, () => view.frame()));
  const kilobytes = pictures.reduce((sum, { bytes }) => sum + bytes.length, 0) / pictures.length / 1000;
  const rgb24: Picture = {
    size: large,
    bytes: await sharp(pictures[0]!.bytes).raw().toBuffer(),
    pixels: 'rgb24',
  };
  const gate = new SceneGate(defaults, jpegBlocks);
  const sharpGate = new SceneGate(defaults);
  for (const each of [gate, sharpGate]) (await each.look(pictures[0]!)).described();
  const decide = async (by: SceneGate, index: number): Promise<void> => {
    (await by.look(pictures[index % pictures.length]!)).compare();
  };
  // Alternating, so that both see the same machine load.
  const [decision, withSharp] = await mediansMs(200, [
    (index) => decide(gate, index),
    (index) => decide(sharpGate, index),
  ]);
  const cpuBefore = process.cpuUsage();
  for (let index = 0; index < 200; index++) await decide(gate, index);
  const { user, system } = process.cpuUsage(cpuBefore);
  const blocks = await Promise.all(pictures.map(blocksOf));
  const detector = new ChangeDetector(defaults);
  const [comparison] = await mediansMs(200, [
    (index) => {
      detector.learn(blocks[index % blocks.length]!);
      detector.measure(blocks[0]!, blocks[index % blocks.length]!);
    },
  ]);
  const [raw] = await mediansMs(50, [async () => void (await gate.look(rgb24)).compare()]);
  console.log(`one decision, 1280x720 JPEG of ${kilobytes.toFixed(0)} kB, median of 200:`);
  mark('  in all', decision!, 5, 'ms');
  console.log(
    `    decoding ${(decision! - comparison!).toFixed(2)} ms, learning and comparing ${comparison!.toFixed(2)} ms`,
  );
  console.log(`    decoded by sharp, side by side: ${withSharp!.toFixed(2)} ms`);
  console.log(`    CPU time of one, all threads: ${((user + system) / 1000 / 200).toFixed(2)} ms`);
  console.log(`    1280x720 raw pixels: ${raw!.toFixed(2)} ms`);
}

/** The first frame was described; of the others none should be a change. */
async function staticScene(): Promise<void> {
  const scenes = { 'by day': (level: number) => level, 'in the dark, a sixth of the light': darkness };
  console.log(
    `static scenes, ${staticFrames} frames of 320x180, noise 3 to 12 levels a pixel, JPEG quality 50 to 90:`,
  );
  for (const [name, light] of Object.entries(scenes)) {
    const { changes, largest } = await falseChanges(light);
    mark(`  false changes ${name}`, (1000 * changes) / staticFrames, 1, 'in 1,000');
    console.log(`    largest measure ${largest.toFixed(2)} %, threshold 0.50 %`);
  }
}

function darkness(level: number): number {
  return level / 6;
}

async function falseChanges(light: Light): Promise<{ changes: number; largest: number }> {
  const scenes = 20;
  let changes = 0;
  let largest = 0;
  for (let scene = 0; scene < scenes; scene++) {
    const random = sceneRandom(scene, 2);
    const noise = random.between(3, 12);
    const view = new CameraView(scene, { size: small, noise, quality: Math.round(random.between(50, 90)) });
    const detector = new ChangeDetector(defaults);
    const reference = await blocksOf(await view.frame({ light }));
    detector.learn(reference);
    for (let frame = 0; frame < staticFrames / scenes; frame++) {
      const current = await blocksOf(await view.frame({ light }));
      detector.learn(current);
      const measure = detector.measure(reference, current);
      largest = Math.max(largest, measure);
      if (measure > detector.threshold) changes++;
    }
  }
  return { changes, largest };
}

/** Each object enters from an edge: partly in view at the first look, fully at the second. */
async function thingsThatEnter(): Promise<void> {
  console.log(
    `objects of 2 % of the picture that enter, detected within 2 looks, ${seeds} scenes each, noise 2 to 6:`,
  );
  for (const contrast of [15, 30, 60]) {
    let caught = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const random = sceneRandom(seed, 3);
      const { view, detector, reference } = await warm(10_000 + seed, random.between(2, 6));
      const thing = thingOf(random, small, 0.02, contrast);
      for (const box of entering(random, small, thing)) {
        const current = await blocksOf(await view.frame({ thing: { ...thing, box } }));
        detector.learn(current);
        if (detector.measure(reference, current) <= detector.threshold) continue;
        caught++;
        break;
      }
    }
    mark(`  contrast of ${contrast} levels`, (100 * caught) / seeds, 99, '%', 'at least');
  }
}

/** Each object is there from the start, and turns into one of the same shape and brightness, but another colour. */
async function thingsOfAnotherColour(): Promise<void> {
  console.log(
    `objects of 2 % of the picture that change their colour alone, detected at once, ${seeds} scenes each:`,
  );
  for (const distance of [30, 60]) {
    let caught = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const random = sceneRandom(seed, 4);
      const thing = thingOf(random, small, 0.02, 20);
      const hue = random.between(0, 2 * Math.PI);
      const half = [0.5 * distance * Math.cos(hue), 0.5 * distance * Math.sin(hue)] as const;
      const { view, detector, reference } = await warm(30_000 + seed, random.between(2, 6), defaults, {
        thing: { ...thing, colour: half },
      });
      const current = await blocksOf(await view.frame({ thing: { ...thing, colour: [-half[0], -half[1]] } }));
      detector.learn(current);
      if (detector.measure(reference, current) > detector.threshold) caught++;
    }
    mark(`  by ${distance} levels of Cb and Cr`, (100 * caught) / seeds, 99, '%', 'at least');
  }
}

async function lightSteps(): Promise<void> {
  console.log('steps of brightness of 30 %, guard on:');
  for (const [name, light] of Object.entries(lights)) {
    mark(`  ${name}`, await takenForChange({ light }, true), 1, '%');
  }
  console.log(
    `    a lamp at the right, times 1.2 to 1.4: ${(await takenForChange({ light: unevenLamp }, true)).toFixed(1)} %`,
  );
  console.log('changes of white balance, guard on:');
  for (const [name, balance] of Object.entries(balances)) {
    mark(`  ${name}`, await takenForChange({ balance }, true), 1, '%');
  }
  console.log(
    `    a warm lamp at the right: ${(await takenForChange({ balance: warmLamp }, true)).toFixed(1)} %`,
  );
  console.log('guard off:');
  for (const [name, light] of Object.entries(lights)) {
    console.log(`    ${name}: ${(await takenForChange({ light }, false)).toFixed(1)} %`);
  }
  for (const [name, balance] of Object.entries(balances)) {
    console.log(`    ${name}: ${(await takenForChange({ balance }, false)).toFixed(1)} %`);
  }
}

async function takenForChange(
  lit: { light?: Light; balance?: Balance },
  lightGuard: boolean,
): Promise<number> {
  const scenes = Math.ceil(seeds / 6);
  let changes = 0;
  for (let seed = 0; seed < scenes; seed++) {
    const { view, detector, reference } = await warm(20_000 + seed, 6, { ...defaults, lightGuard });
    const current = await blocksOf(await view.frame(lit));
    detector.learn(current);
    if (detector.measure(reference, current) > detector.threshold) changes++;
  }
  return (100 * changes) / scenes;
}

async function warm(seed: number, noise: number, options = defaults, before: { thing?: Thing } = {}) {
  const view = new CameraView(seed, { size: small, noise, quality: 75 });
  const detector = new ChangeDetector(options);
  const reference = await blocksOf(await view.frame(before));
  detector.learn(reference);
  for (let look = 1; look < warmUpLooks; look++) detector.learn(await blocksOf(await view.frame(before)));
  return { view, detector, reference };
}

/** The medians of these, run alternately. */
async function mediansMs(
  times: number,
  runs: readonly ((index: number) => Promise<void> | void)[],
): Promise<number[]> {
  const taken = runs.map((): number[] => []);
  for (let index = 0; index < times; index++) {
    for (const [at, run] of runs.entries()) {
      const start = performance.now();
      await run(index);
      taken[at]!.push(performance.now() - start);
    }
  }
  return taken.map((each) => each.sort((a, b) => a - b)[times >> 1]!);
}

function mark(
  name: string,
  value: number,
  bound: number,
  unit: string,
  kind: 'at most' | 'at least' = 'at most',
): void {
  const isMet = kind === 'at most' ? value <= bound : value >= bound;
  if (!isMet) missed++;
  console.log(`${name}: ${value.toFixed(2)} ${unit} (${kind} ${bound}${isMet ? '' : ': MISSED'})`);
}
