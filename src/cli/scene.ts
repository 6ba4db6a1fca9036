import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { drawScene } from '../camera/scene-draw.ts';
import { sampleScene } from '../camera/scene-layout.ts';
import { sceneTruth } from '../camera/scene-truth.ts';
import { size } from '../config/units.ts';
import type { Size } from '../domain/frame.ts';
import { flagParser } from './flag-parser.ts';

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
    .requiredOption('--out <file>', 'output file')
    .exitOverride()
    .action(async ({ seed, size: { width, height }, out }: { seed: number; size: Size; out: string }) => {
      const scene = sampleScene(seed, { width, height });
      await writeFile(out, await drawScene(scene));
      process.stdout.write(`${JSON.stringify({ seed, width, height, ...sceneTruth(scene) }, null, 2)}\n`);
    });
}

function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new InvalidArgumentError('A seed is a whole number from 0 to 999999999.');
  return Number(text);
}
