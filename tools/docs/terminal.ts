/**
 * Runs the demo and draws its output, with the camera's pictures, as docs/images/demo.svg.
 *
 *   npm run docs:terminal
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import sharp from 'sharp';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import { type SidePicture, terminalSvg } from './terminal-svg.ts';

const root = join(import.meta.dirname, '../..');
const frames = 2;
/** The demo's defaults. */
const firstSeed = 900_000;
const size = { width: 640, height: 480 } as const;
/** Upper bound of the scenes drawn until the last frame is described. */
const maxScenes = 100;

async function runDemo(): Promise<string> {
  const demo = spawn(process.execPath, [join(root, 'tools/demo/demo.ts'), '--frames', String(frames)], {
    env: { ...process.env, FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(demo.stdout), once(demo, 'exit')]);
  if (code !== 0) throw new Error(`the demo ended with exit code ${code}`);
  return output;
}

/** The scenes of the output, each beside its line `drawn`. */
async function picturesOf(output: string): Promise<SidePicture[]> {
  const pictures: SidePicture[] = [];
  const text = stripVTControlCharacters(output);
  for (const { 1: lines, index } of text.matchAll(/^ {2}drawn +(.*(?:\n {12}.*)*)/gm)) {
    const caption = lines!.replaceAll(/\n +/g, ' ');
    const line = text.slice(0, index).split('\n').length - 1;
    pictures.push({ line, jpeg: await sceneWith(caption), alt: caption });
  }
  if (pictures.length !== frames)
    throw new Error(`the demo printed ${pictures.length} scenes, not ${frames}`);
  return pictures;
}

async function sceneWith(caption: string): Promise<Buffer> {
  for (let seed = firstSeed; seed < firstSeed + maxScenes; seed++) {
    const scene = sampleScene(seed, size);
    if (sceneTruth(scene).caption === caption)
      return sharp(await drawScene(scene))
        .resize(240)
        .jpeg({ quality: 70 })
        .toBuffer();
  }
  throw new Error(`no scene from seed ${firstSeed} on shows "${caption}"`);
}

const output = await runDemo();
const path = join(root, 'docs/images/demo.svg');
const label =
  'The demo in a terminal: each scene that was drawn, and the description of it that came over MQTT';
mkdirSync(dirname(path), { recursive: true });
writeFileSync(
  path,
  terminalSvg(`./scripts/demo.sh --frames ${frames}`, output, await picturesOf(output), label),
);
console.log(`wrote ${path}`);
