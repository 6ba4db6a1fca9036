/**
 * Runs inside the emulator: describes the scenes of a list (JSON: path of the model's files and ScenePictures) and prints
 * a line of JSON first for the engine, then for each scene.
 *
 *   node tools/arm64/describe-scenes.ts LIST [CPU-MODULE]
 */
import { readFileSync } from 'node:fs';
import { type ScenePicture, Speaker } from './speaker.ts';

export interface SceneList {
  readonly model: { readonly text: string; readonly mmproj: string };
  readonly scenes: readonly ScenePicture[];
}

const [list, cpuModule] = process.argv.slice(2);
const { model, scenes } = JSON.parse(readFileSync(list!, 'utf8')) as SceneList;
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const speaker = await Speaker.open(model, cpuModule ?? null);
print({ module: speaker.cpu.module, features: speaker.cpu.features, failure: speaker.failure });
for (const scene of scenes) print(await speaker.describe(scene));
await speaker.close();
