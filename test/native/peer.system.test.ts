import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type Projector, type RandomModel, writeRandomModel } from '../../tools/test/random-projectors.ts';
import { folder, noise, open } from './engine-fixture.ts';

// llama-mtmd-cli, from unpatched source, must say the same wherever libmtmd's packing is right: not for a LLaVA tower
// with a class token, nor for a picture that LLaVA pads.

const peer = join(import.meta.dirname, '../../build/peer/cmake/llama-mtmd-cli');
const isBuilt = existsSync(peer);
const why = isBuilt ? '' : ' (skipped: llama-mtmd-cli is not built; run tools/accuracy/peer/build.sh)';
const tokenCount = 12;
const mostRuns = 20;

const slow = { timeout: 300_000 };

test.skipIf(!isBuilt).each<[Projector, number, number]>([
  ['mlp', 56, 56],
  ['mlp_norm', 120, 90],
  ['ldpv2', 120, 90],
  ['idefics3', 120, 90],
  ['gemma3', 120, 90],
  ['qwen2.5vl_merger', 120, 90],
  ['internvl', 120, 90],
  ['pixtral', 120, 90],
  ['lfm2', 120, 90],
  ['qwen3vl_merger', 120, 90],
  ['gemma4v', 120, 90],
  ['resampler', 120, 90],
])(`%s says of a picture of %ix%i what llama-mtmd-cli says${why}`, slow, async (projector, width, height) => {
  await expectSame(projector, [{ seed: 3, width, height }]);
});

test
  .skipIf(!isBuilt)
  .each<Projector>(['qwen2.5vl_merger', 'qwen3vl_merger', 'idefics3', 'gemma3', 'internvl', 'pixtral'])(
  `%s says of two pictures what llama-mtmd-cli says${why}`,
  slow,
  async (projector) => {
    const [first, second] = [
      { seed: 3, width: 120, height: 90 },
      { seed: 8, width: 90, height: 120 },
    ];
    const said = await expectSame(projector, [first, second]);
    expect(await expectSame(projector, [second, first])).not.toBe(said);
    expect(await expectSame(projector, [first, first])).not.toBe(said);
  },
);

interface Drawn {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
}

/** Compares what ours and the peer say after `USER`, one or two pictures with a word between them, and a question. */
async function expectSame(projector: Projector, pictures: readonly Drawn[]): Promise<string> {
  // The message is all there is to the prompt.
  const model = writeRandomModel(folder, projector, { chatTemplate: "{{ messages[0]['content'] }}" });
  const engine = await open(model, { contextSize: 2048 });
  const paths: string[] = [];
  for (const [index, { seed, width, height }] of pictures.entries()) {
    const rgb = noise(width * height * 3, seed);
    paths.push(join(folder, `${projector}-${seed}.png`));
    await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(paths.at(-1)!);
    const text = index === 0 ? { before: 'USER', addSpecial: true } : {};
    if (index > 0) await engine.decodeTokens(engine.tokenize(' gate', { parseSpecial: true }));
    await engine.decodePicture({ ...text, rgb, width, height });
  }
  await engine.decodeTokens(engine.tokenize(' what is open', { parseSpecial: true }), { logitsLast: true });
  engine.setSampler({ temperature: 0 });
  const said: Buffer[] = [];
  for (
    let token = engine.sample();
    said.length < tokenCount && token !== 2;
    token = await engine.step(token)
  ) {
    said.push(bytesOf(model, token));
  }
  const ours = Buffer.concat(said).toString('latin1');
  expect(ours.length).toBeGreaterThan(0);
  // The peer ends without waiting for its output: the end of it can be missing, what is there is right.
  let longest = '';
  for (let run = 0; run < mostRuns && longest.length < ours.length; run++) {
    const theirs = ask(model, paths);
    expect(ours.startsWith(theirs), `ours "${ours}", theirs "${theirs}"`).toBe(true);
    if (theirs.length > longest.length) longest = theirs;
  }
  expect(longest).toBe(ours);
  return ours;
}

/** What the peer says, byte by byte, without the line breaks around it. */
function ask({ textPath, mmprojPath }: RandomModel, pictures: readonly string[]): string {
  const model = ['-m', textPath, '--mmproj', mmprojPath, '--jinja', '-c', '1024', '-t', '1', '--no-warmup'];
  const prompt = `USER${pictures.map(() => '<__media__>').join(' gate')} what is open`;
  const images = pictures.flatMap((path) => ['--image', path]);
  const options = [...images, '-p', prompt, '--temp', '0', '-n', `${tokenCount}`];
  const output = execFileSync(peer, [...model, ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
  return output
    .toString('latin1')
    .replace(/^\n/, '')
    .replace(/\n{1,2}$/, '');
}

/** A token as the peer prints it: control tokens too, a piece's mark as a space, a zero byte not at all. */
function bytesOf({ pieces }: RandomModel, token: number): Buffer {
  const piece = pieces[token]!;
  const byte = /^<0x([0-9A-F]{2})>$/.exec(piece);
  if (piece === '<0x00>') return Buffer.alloc(0);
  return byte ? Buffer.from([Number.parseInt(byte[1]!, 16)]) : Buffer.from(piece.replaceAll('▁', ' '));
}
