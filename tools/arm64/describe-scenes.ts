/**
 * Runs inside the emulator: describes scenes and prints a line of JSON first for the engine, then for each scene.
 *
 *   node tools/arm64/describe-scenes.ts LIST [CPU-MODULE]
 *
 * LIST is a file with an array of Rounds as JSON.
 */
import { readFileSync } from 'node:fs';
import type { Detail } from '../../src/domain/detail.ts';
import { loadAddon } from '../../src/vision/native/addon.ts';
import { loadCpuModule } from '../../src/vision/native/cpu-module.ts';
import { type ModelFiles, type ScenePicture, Speaker } from './speaker.ts';

/** Scenes that one model describes. */
export interface Round {
  readonly title: string;
  readonly model: ModelFiles;
  readonly detail: Detail;
  readonly scenes: readonly ScenePicture[];
}

const [list, cpuModule] = process.argv.slice(2);
const rounds = JSON.parse(readFileSync(list!, 'utf8')) as Round[];
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const failure = loadCpuModule(loadAddon(), cpuModule ?? null);
for (const [number, { model, detail, scenes }] of rounds.entries()) {
  const speaker = await Speaker.open(model, detail);
  const { module, features } = speaker.cpu;
  if (number === 0) print({ module, features, failure });
  for (const scene of scenes) print(await speaker.describe(scene));
  await speaker.close();
}
