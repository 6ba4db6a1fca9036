/**
 * What each part of a picture is worth, on drawn scenes never trained on.
 *
 *   npm run ablation -- [--count 300] [--only layout|views|slow] [--model FOLDER]
 *
 * layout: exact captions of large and of small shapes with one part of anyres removed at a time. `scripts/build-native.sh`
 * builds a second addon for it, without the patch that puts the class token first.
 * views: captions and questions with less of the picture shown, at several levels of detail and budgets of patches.
 * slow: whether the one thing that happens in a scene is described if only what has changed is shown.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import { defaultPrompt } from '../../src/domain/default-prompt.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { locateModel } from '../../src/models/installed/locate.ts';
import { backendsDir, loadAddon } from '../../src/vision/native/addon.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';
import type { CutPicture } from '../../src/vision/picture/anyres.ts';
import { cutPicture, encodeCut, type PictureEmbeddings } from '../../src/vision/picture/embed-picture.ts';
import { EmbeddingPictureEncoder } from '../../src/vision/picture/picture-encoder.ts';
import type { EncodeSquare } from '../../src/vision/picture/square-encoder.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { showSlowScenes } from './ablation/show-slow.ts';
import { showViews } from './ablation/show-views.ts';
import { heldOutScenes } from './held-out-scenes.ts';

const root = join(import.meta.dirname, '../..');

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    only: { type: 'string' },
    model: { type: 'string', default: join(root, 'models/demo') },
  },
});
const sections = ['layout', 'views', 'slow'].filter((name) => name === (values.only ?? name));
if (sections.length === 0) throw new Error(`--only ${values.only}: must be layout, views or slow`);
const scenes = heldOutScenes(900_000, Number(values.count));

const blank = (square: Uint8Array): Uint8Array => new Uint8Array(square.length);

/** Name, and the change to a picture's tiles. */
const variants: readonly (readonly [string, (cut: CutPicture) => CutPicture])[] = [
  ['as trained', (cut) => cut],
  [
    'first and last tile swapped',
    (cut) => ({ ...cut, tiles: [cut.tiles.at(-1)!, ...cut.tiles.slice(1, -1), cut.tiles[0]!] }),
  ],
  ['tiles blanked', (cut) => ({ ...cut, tiles: cut.tiles.map(blank) })],
  ['overview blanked', (cut) => ({ ...cut, overview: blank(cut.overview) })],
  ['unpad off', withPadding],
];

function withPadding(cut: CutPicture): CutPicture {
  const { grid, patchesPerSide } = cut.plan;
  const keptRows = { start: 0, end: grid.rows * patchesPerSide };
  const keptColumns = { start: 0, end: grid.columns * patchesPerSide };
  const tokenCount = patchesPerSide ** 2 + keptRows.end * (keptColumns.end + 1);
  return { ...cut, plan: { ...cut.plan, keptRows, keptColumns, tokenCount } };
}

/** The addon without one patch, built in its own folder. */
function buildWithout(patch: string): string {
  const buildDir = join(root, 'build/ablation');
  const patchesDir = join(buildDir, 'patches');
  rmSync(patchesDir, { recursive: true, force: true });
  mkdirSync(patchesDir, { recursive: true });
  const all = join(root, 'native/mtmd/patches');
  for (const name of readdirSync(all))
    if (!name.startsWith(patch)) cpSync(join(all, name), join(patchesDir, name));
  execFileSync(join(root, 'scripts/build-native.sh'), {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, SCENECAST_BUILD_DIR: buildDir, SCENECAST_PATCHES_DIR: patchesDir },
  });
  return join(buildDir, 'native/mtmd.node');
}

async function load(addonPath?: string): Promise<MtmdEngine> {
  const addon = loadAddon(addonPath);
  addon.loadBackends(backendsDir());
  const { text, mmproj } = await locateModel(values.model);
  return addon.load({ textPath: text, mmprojPath: mmproj, threads: 1 });
}

async function captionsRight(
  engine: MtmdEngine,
  sizes: 'large' | 'small',
  change: (cut: CutPicture) => CutPicture,
): Promise<number> {
  const embed = async (encodeSquare: EncodeSquare, picture: Picture): Promise<PictureEmbeddings> => {
    const cut = change(await cutPicture(engine, picture));
    const embeddings = await encodeCut(engine, encodeSquare, cut);
    return { embeddings, tokenCount: cut.plan.tokenCount, omittedTokens: 0, packMs: 0, encodeMs: 0 };
  };
  const speech = { maxTokens: 64, temperature: 0, chatTemplate: null, detail: 'full' } as const;
  const model = { name: '', quant: '', build: '' };
  const describer = new PictureDescriber(engine, speech, model, new EmbeddingPictureEncoder(engine, embed));
  let right = 0;
  for (const { seed, size } of scenes) {
    const scene = sampleScene(seed, size, sizes);
    const picture = { size, bytes: await drawScene(scene) };
    const request = { picture, prompt: defaultPrompt, questions: [] };
    const { text } = await describer.describe(request, new AbortController().signal);
    if (text === sceneTruth(scene).caption) right++;
  }
  return right;
}

async function showCaptions(
  name: string,
  engine: MtmdEngine,
  change: (cut: CutPicture) => CutPicture,
): Promise<void> {
  const cells = [];
  for (const sizes of ['large', 'small'] as const) {
    const right = await captionsRight(engine, sizes, change);
    const percent = ((right / scenes.length) * 100).toFixed(1);
    cells.push(`${right}/${scenes.length}`.padStart(9), `${percent.padStart(7)} %`);
  }
  console.log(name.padEnd(30) + cells.join(''));
}

async function showLayout(engine: MtmdEngine): Promise<void> {
  console.log(
    `${'captions exactly right'.padEnd(30)}${'large shapes'.padStart(18)}${'small shapes'.padStart(18)}`,
  );
  for (const [name, change] of variants) await showCaptions(name, engine, change);
  const unpatched = await load(buildWithout('0001'));
  await showCaptions('class token last', unpatched, (cut) => cut);
  await unpatched.close();
}

const engine = await load();
if (sections.includes('layout')) await showLayout(engine);
if (sections.includes('views')) await showViews(engine, scenes);
if (sections.includes('slow')) await showSlowScenes(engine, 940_000, scenes.length);
await engine.close();
if (sections.some((name) => name !== 'layout'))
  console.log(
    'Judged on drawn scenes with this small model alone: other models, and pictures of real cameras, were not judged.',
  );
