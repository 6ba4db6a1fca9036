/**
 * Draws scenes for training or evaluation: JPEG files and truth.jsonl, one line per scene.
 *
 *   node draw-pool.ts --out <folder> --count 14000                      training scenes of mixed sizes
 *   node draw-pool.ts --out <folder> --count 400 --held-out --size 640x480   scenes for evaluation
 *
 * --shapes large (the default) or small: all scenes have shapes of this size. --shapes mixed: every second training scene has
 * large ones alone, a quarter small ones alone, and a quarter both.
 *
 * Seeds from 900000 up are held out: --held-out draws only these, and no other option draws them.
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { drawScene } from '../../src/camera/scene-draw.ts';
import {
  SCENE_SHAPE_SIZES,
  type SceneShapeSizes,
  sampleScene,
  shapeOutline,
} from '../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import type { Size } from '../../src/domain/frame.ts';

const FIRST_HELD_OUT_SEED = 900_000;
const FIRST_TRAINING_SEED = 1;
const THREADS = 2;
/** In smaller frames small shapes cannot be told apart. */
const MIN_SIDE_OF_SMALL = 160;
/** A shape of a larger radius, as a share of the frame's short side, is a large one. */
const MAX_SMALL_RADIUS = 0.07;

/** Width, height and weight of a size for training. */
const TRAINING_SIZES: readonly (readonly [number, number, number])[] = [
  [640, 480, 17],
  [1280, 720, 9],
  [640, 360, 8],
  [720, 1280, 7],
  [360, 640, 7],
  [336, 336, 12],
  [320, 240, 6],
  [800, 600, 2],
  [424, 240, 4],
  [480, 640, 6],
  [512, 512, 2],
  [1920, 1080, 1],
  [640, 320, 4],
  [320, 640, 4],
  [900, 300, 3],
  [300, 900, 3],
  [96, 72, 2],
  [72, 96, 1],
  [112, 112, 1],
  [100, 56, 1],
];

interface Job {
  readonly folder: string;
  readonly firstSeed: number;
  readonly count: number;
  /** This thread draws the seeds with this remainder modulo THREADS. */
  readonly remainder: number;
  readonly size: Size | null;
  readonly shapes: SceneShapeSizes;
}

if (isMainThread) main();
else await drawShare(workerData as Job);

function main(): void {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      count: { type: 'string' },
      'first-seed': { type: 'string' },
      'held-out': { type: 'boolean', default: false },
      size: { type: 'string' },
      shapes: { type: 'string', default: 'large' },
    },
  });
  if (values.out === undefined || values.count === undefined) throw new Error('--out and --count are needed');
  const count = Number(values.count);
  const fallback = values['held-out'] ? FIRST_HELD_OUT_SEED : FIRST_TRAINING_SEED;
  const firstSeed = Number(values['first-seed'] ?? fallback);
  if (!Number.isInteger(count) || !Number.isInteger(firstSeed))
    throw new Error('--count and --first-seed are whole numbers');
  if (values['held-out'] ? firstSeed < FIRST_HELD_OUT_SEED : firstSeed + count > FIRST_HELD_OUT_SEED) {
    throw new Error(`seeds from ${FIRST_HELD_OUT_SEED} up are held out from training`);
  }
  const size = values.size === undefined ? null : parseSize(values.size);
  const shapes = SCENE_SHAPE_SIZES.find((name) => name === values.shapes);
  if (!shapes) throw new Error(`--shapes ${values.shapes}: must be one of ${SCENE_SHAPE_SIZES.join(', ')}`);
  mkdirSync(values.out, { recursive: true });
  const truth = createWriteStream(join(values.out, 'truth.jsonl'));
  let drawn = 0;
  for (let remainder = 0; remainder < THREADS; remainder++) {
    const job: Job = { folder: values.out, firstSeed, count, remainder, size, shapes };
    const worker = new Worker(new URL(import.meta.url), { workerData: job });
    worker.on('message', (line: string) => {
      truth.write(`${line}\n`);
      if (++drawn % 500 === 0 || drawn === count) console.log(`${drawn} of ${count} scenes drawn`);
    });
  }
}

async function drawShare({ folder, firstSeed, count, remainder, size, shapes: sizes }: Job): Promise<void> {
  for (let index = remainder; index < count; index += THREADS) {
    const seed = firstSeed + index;
    const frame = size ?? trainingSize(seed);
    const scene = sampleScene(seed, frame, sizes === 'mixed' ? mixedSizes(seed, frame) : sizes);
    const file = `${seed}.jpg`;
    await writeFile(join(folder, file), await drawScene(scene));
    const shapes = scene.shapes.map((shape) => ({
      colour: shape.colour,
      kind: shape.kind,
      cell: shape.cell,
      small: shape.radiusPx < MAX_SMALL_RADIUS * Math.min(scene.width, scene.height),
      outline: shapeOutline(shape).map((point) => point.map((px) => Math.round(px * 10) / 10)),
    }));
    const { width, height } = scene;
    parentPort?.postMessage(JSON.stringify({ seed, file, width, height, shapes, ...sceneTruth(scene) }));
  }
}

function trainingSize(seed: number): Size {
  const total = TRAINING_SIZES.reduce((sum, [, , weight]) => sum + weight, 0);
  let left = sceneRandom(seed, 2).below(total);
  for (const [width, height, weight] of TRAINING_SIZES) {
    if (left < weight) return { width, height };
    left -= weight;
  }
  throw new Error('unreachable: the draw is below the sum of the weights');
}

/** The sizes of shapes in one scene of a mixed pool. */
function mixedSizes(seed: number, { width, height }: Size): SceneShapeSizes {
  if (Math.min(width, height) < MIN_SIDE_OF_SMALL) return 'large';
  return sceneRandom(seed, 6).pick(['large', 'large', 'small', 'mixed']);
}

function parseSize(text: string): Size {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (match === null) throw new Error(`--size is written as 640x480, not ${text}`);
  return { width: Number(match[1]), height: Number(match[2]) };
}
