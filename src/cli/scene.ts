import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { drawScene } from '../camera/scene-draw.ts';
import { SCENE_SHAPE_SIZES, type Scene, type SceneShapeSizes, sampleScene } from '../camera/scene-layout.ts';
import { sceneTruth } from '../camera/scene-truth.ts';
import { size } from '../config/units.ts';
import { ConfigError, messageOf } from '../domain/errors.ts';
import type { Size } from '../domain/frame.ts';
import { flagParser } from './flag-parser.ts';

interface Flags {
  readonly seed: number;
  readonly size: Size;
  readonly shapes: SceneShapeSizes;
  readonly out: string;
}

/** `scenecast scene`: draws one scene and prints its truth. */
export function sceneCommand(): Command {
  return new Command('scene')
    .description('draw a test scene as a JPEG and print its truth as JSON')
    .requiredOption('--seed <number>', 'seed of the scene', parseSeed)
    .addOption(
      new Option('--size <size>', 'size in pixels')
        .default({ width: 640, height: 480 }, '640x480')
        .argParser(flagParser(size)),
    )
    .addOption(
      new Option('--shapes <sizes>', 'how large the shapes are').choices(SCENE_SHAPE_SIZES).default('large'),
    )
    .requiredOption('--out <file>', 'output file')
    .exitOverride()
    .action(async ({ seed, size: { width, height }, shapes, out }: Flags) => {
      const scene = sceneOf(seed, { width, height }, shapes);
      await writeFile(out, await drawScene(scene));
      process.stdout.write(`${JSON.stringify({ seed, width, height, ...sceneTruth(scene) }, null, 2)}\n`);
    });
}

function sceneOf(seed: number, frame: Size, shapes: SceneShapeSizes): Scene {
  try {
    return sampleScene(seed, frame, shapes);
  } catch (cause) {
    throw new ConfigError(`--size: ${messageOf(cause)}`, { cause });
  }
}

function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError('A seed is a whole number from 0 to 999999999.');
  return Number(text);
}
