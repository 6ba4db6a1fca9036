/**
 * Writes the PyTorch model's captions of 100 held-out scenes, token for token: the reference that test/vision/parity.system.test.ts
 * holds the engine to. Run it after each training.
 *
 *   node tools/demo-model/reference.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { heldOutScenes } from '../accuracy/held-out-scenes.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'build/demo-model/reference');
const scenes = heldOutScenes(900_000, 100);

mkdirSync(folder, { recursive: true });
const pictures: string[] = [];
for (const { seed, size } of scenes) {
  const path = join(folder, `${seed}.jpg`);
  writeFileSync(path, await drawScene(sampleScene(seed, size)));
  pictures.push(path);
}
const python = process.env['PYTHON'] ?? '/usr/bin/python3';
const describe = join(import.meta.dirname, 'describe.py');
const checkpoint = join(root, 'models/demo/checkpoint');
const lines = execFileSync(python, [describe, '--checkpoint', checkpoint, ...pictures], { encoding: 'utf8' });
const captions = lines
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { ids: number[]; text: string });
const reference = scenes.map(({ seed, size }, index) => ({
  seed,
  ...size,
  ids: captions[index]!.ids,
  text: captions[index]!.text.trim(),
}));
const fixture = join(root, 'test/fixtures/pytorch-captions.json');
mkdirSync(join(root, 'test/fixtures'), { recursive: true });
writeFileSync(fixture, `[\n${reference.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`);
console.log(`${reference.length} captions written to ${fixture}`);
