/**
 * What `change` costs: models describe drawn scenes one after another, without the question of what has changed, with it and the
 * descriptions alone, and with both pictures where the model takes several. The demo model knows single captions only, and the
 * other one has random weights (and words of single letters), but Qwen2.5-VL's number of image tokens: what they answer is not
 * judged.
 *
 *   npm run bench:change              with 50 scenes
 *   npm run bench:change -- --count N
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { markdownTable } from '../../src/cli/markdown-table.ts';
import { changeQuestion, comparisonQuestion } from '../../src/domain/change-question.ts';
import type { Picture } from '../../src/domain/frame.ts';
import type { Description } from '../../src/domain/observation.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { loadEngine } from '../../src/vision/process/load-engine.ts';
import type { EngineOptions } from '../../src/vision/process/protocol.ts';
import { demoEngine } from '../test/demo-engine.ts';
import { plainEngine } from '../test/plain-engine.ts';
import { writeRandomModel } from '../test/random-projectors.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '50' } } });
const size = { width: 640, height: 480 };
const never = new AbortController().signal;
const addon = loadAddon();
addon.loadBackends(backendsDir());

/** The same scenes, described in each way. */
interface Measured {
  readonly alone: Description[];
  readonly descriptions: Description[];
  readonly pictures: Description[];
}

async function measure(options: EngineOptions): Promise<Measured> {
  const engine = await loadEngine(addon, options);
  const identity = { name: 'bench', quant: '', build: '' };
  const measured: Measured = { alone: [], descriptions: [], pictures: [] };
  let last: { readonly text: string; readonly picture: Picture } | null = null;
  for (let index = 0; index < Number(values.count); index++) {
    const picture = { size, bytes: await drawScene(sampleScene(900_000 + index, size)) };
    const request = { picture, prompt: 'Describe the scene.', questions: [] };
    // Each with a describer of its own: the drafts of one must not help the other.
    const describe = (change: object): Promise<Description> =>
      new PictureDescriber(engine, options, identity).describe({ ...request, ...change }, never);
    const previous: string = last?.text ?? '';
    const change = { previous, ask: changeQuestion(previous) };
    const earlier = { picture: last?.picture ?? picture, ask: comparisonQuestion(previous) };
    measured.alone.push(await describe({}));
    measured.descriptions.push(await describe({ change }));
    measured.pictures.push(await describe({ change: { ...change, earlier } }));
    last = { text: measured.alone.at(-1)!.text!, picture };
  }
  await engine.close();
  return measured;
}

function print(name: string, ways: readonly (readonly [string, readonly Description[]])[]): void {
  const row = (what: string, value: (description: Description) => number): string[] => [
    what,
    ...ways.map(([, all]) => (all.reduce((sum, each) => sum + value(each), 0) / all.length).toFixed(1)),
  ];
  console.log(`${name}\n`);
  console.log(
    markdownTable(
      ['mean of a description', ...ways.map(([way]) => way)],
      [
        row('image tokens', ({ tokens }) => tokens.image),
        row('prompt tokens', ({ tokens }) => tokens.prompt),
        row('generated tokens', ({ tokens }) => tokens.completion),
      ],
    ),
  );
}

const demo = await measure(demoEngine);
print('The demo model, which was trained with one picture:', [
  ['alone', demo.alone],
  ['with `change`', demo.pictures],
]);
const folder = mkdtempSync(join(tmpdir(), 'scenecast-change-'));
try {
  const { textPath, mmprojPath } = writeRandomModel(folder, 'qwen2.5vl_merger');
  const random = await measure({ ...plainEngine, textPath, mmprojPath });
  print("\nA model with random weights and Qwen2.5-VL's image tokens, which takes several pictures:", [
    ['alone', random.alone],
    ['with the descriptions', random.descriptions],
    ['with both pictures', random.pictures],
  ]);
} finally {
  rmSync(folder, { recursive: true });
}
