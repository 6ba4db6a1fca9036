/**
 * What `change` costs: the demo model describes drawn scenes one after another, with the question of what has changed and
 * without it. The demo model knows single captions only: what it answers is not judged.
 *
 *   npm run bench:change              with 50 scenes
 *   npm run bench:change -- --count N
 */
import { parseArgs } from 'node:util';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { changeQuestion } from '../../src/domain/change-question.ts';
import type { Description } from '../../src/domain/observation.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { loadEngine } from '../../src/vision/process/load-engine.ts';
import { demoEngine } from '../test/demo-engine.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '50' } } });
const size = { width: 640, height: 480 };
const never = new AbortController().signal;
const addon = loadAddon();
addon.loadBackends(backendsDir());
const engine = await loadEngine(addon, demoEngine);
const model = { name: 'demo', quant: '', build: '' };
const alone: Description[] = [];
const asked: Description[] = [];
let previous = '';
for (let index = 0; index < Number(values.count); index++) {
  const picture = { size, bytes: await drawScene(sampleScene(900_000 + index, size)) };
  const request = { picture, prompt: 'Describe the scene.', questions: [] };
  // Each with a describer of its own: the drafts of one must not help the other.
  alone.push(await new PictureDescriber(engine, demoEngine, model).describe(request, never));
  const change = { previous, ask: changeQuestion(previous) };
  const described = await new PictureDescriber(engine, demoEngine, model).describe(
    { ...request, change },
    never,
  );
  asked.push(described);
  previous = described.text!;
}
await engine.close();

function row(name: string, value: (description: Description) => number): string[] {
  const mean = (all: readonly Description[]): number =>
    all.reduce((sum, each) => sum + value(each), 0) / all.length;
  return [name, mean(alone).toFixed(1), mean(asked).toFixed(1)];
}

console.log(
  markdownTable(
    ['mean of a description', 'alone', 'with `change`'],
    [
      row('image tokens', ({ tokens }) => tokens.image),
      row('prompt tokens', ({ tokens }) => tokens.prompt),
      row('generated tokens', ({ tokens }) => tokens.completion),
    ],
  ),
);
