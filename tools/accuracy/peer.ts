/**
 * The peer: exact captions of llama-mtmd-cli, built from the same source and using the same CPU modules, on the same
 * GGUFs and the same held-out scenes.
 *
 *   npm run peer -- [--count 100]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import { defaultPrompt } from '../../src/domain/default-prompt.ts';
import { locateModel } from '../../src/models/installed/locate.ts';
import { heldOutScenes } from './held-out-scenes.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { count: { type: 'string', default: '100' } } });
const scenes = heldOutScenes(900_000, Number(values.count));

execFileSync(join(import.meta.dirname, 'peer/build.sh'), { stdio: ['ignore', 2, 2] });
const program = join(root, 'build/peer/cmake/llama-mtmd-cli');
const { text, mmproj } = await locateModel(join(root, 'models/demo'));
const folder = mkdtempSync(join(tmpdir(), 'scenecast-peer-'));

function runPeer(picture: string): string {
  const prompt = `<__media__>\n${defaultPrompt}`;
  const model = ['-m', text, '--mmproj', mmproj, '--jinja', '-c', '4096', '-t', '1', '--no-warmup'];
  const request = ['--image', picture, '-p', prompt, '--temp', '0', '-n', '64'];
  return execFileSync(program, [...model, ...request], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** The peer sometimes loses the end of its output in a pipe: two equal outputs count as complete. */
function caption(picture: string): string {
  let previous = runPeer(picture);
  for (let attempt = 0; attempt < 5; attempt++) {
    const next = runPeer(picture);
    if (next === previous) return next;
    previous = next;
  }
  return previous;
}

let right = 0;
for (const [index, { seed, size }] of scenes.entries()) {
  const scene = sampleScene(seed, size);
  const picture = join(folder, `${seed}.jpg`);
  writeFileSync(picture, await drawScene(scene));
  const received = caption(picture);
  const truth = sceneTruth(scene).caption;
  if (received === truth) right++;
  else if (index < 12) console.log(`scene ${seed}: expected "${truth}", received "${received}"`);
}
rmSync(folder, { recursive: true });
console.log(`llama-mtmd-cli: captions exactly right ${right}/${scenes.length}`);
