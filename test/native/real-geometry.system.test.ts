import { expect, test } from 'vitest';
import { cutTiles, planAnyres } from '../../src/vision/picture/anyres.ts';
import { assemble } from '../../src/vision/picture/assemble.ts';
import { realGeometryShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { folder, generate, noise, open } from './engine-fixture.ts';

// LLaVA-1.6's own geometry through packing and engine: the towers are small, the counts are real.

const engine = await open(writeRandomLlava(folder, realGeometryShape));
const { imageSize, patchSize, gridPinpoints } = engine.info.vision;
const newline = engine.imageNewline()!;

async function see(width: number, height: number): Promise<Float32Array> {
  const rgb = noise(width * height * 3, width);
  const plan = planAnyres({ width, height, imageSize, patchSize, gridPinpoints });
  const overview = await engine.encodeTile(await engine.resize(rgb, width, height, imageSize, imageSize));
  const refined = await engine.resize(rgb, width, height, plan.refined.width, plan.refined.height);
  const tiles: Float32Array[] = [];
  for (const tile of cutTiles(plan, refined)) tiles.push(await engine.encodeTile(tile));
  return assemble(plan, overview, tiles, newline);
}

test.each([
  [1280, 720, 1948],
  [640, 480, 2340],
  [480, 640, 2352], // more rows, more newlines
])('a %ix%i picture is seen with %i tokens and answered', async (width, height, tokens) => {
  engine.clear();
  await engine.decodeTokens(engine.tokenize('USER', { addSpecial: true }));
  const before = engine.position;
  await engine.decodeEmbeddings(await see(width, height));
  expect(engine.position - before).toBe(tokens);
  await engine.decodeTokens(engine.tokenize('what is open'), { logitsLast: true });
  expect(await generate(engine, 4)).toHaveLength(4);
});
