import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { cosine, encodeReference, type ReferenceOptions } from './clip-reference.ts';
import { folder, noise, open } from './engine-fixture.ts';

const { imageSize } = tinyShape;
const pixels = noise(imageSize * imageSize * 3);
const model = writeRandomLlava(folder, tinyShape);
const engine = await open(model);

/** Cosine of what an engine gives and what the definition says. */
async function likeness(llava: typeof model, options: ReferenceOptions): Promise<number> {
  const encoded = await (await open(llava)).encodeTile(pixels);
  return cosine(encoded, encodeReference(llava.vision, tinyShape, pixels, options));
}

test('without a feature layer all stored blocks run, the class token first (patches 0001 and 0002)', async () => {
  expect(await likeness(model, { blocks: 3 })).toBeGreaterThan(0.9999);
  // The reference can tell: what unpatched libmtmd v0.5.0 does looks different.
  expect(await likeness(model, { blocks: 2 })).toBeLessThan(0.99);
  expect(await likeness(model, { blocks: 3, classToken: 'last' })).toBeLessThan(0.9);
});

test('a feature layer decides how many blocks run', async () => {
  const second = writeRandomLlava(folder, tinyShape, { featureLayer: 2, name: 'second' });
  expect(await likeness(second, { blocks: 2 })).toBeGreaterThan(0.9999);
  const third = writeRandomLlava(folder, tinyShape, { featureLayer: 3, name: 'third' });
  expect(await likeness(third, { blocks: 3 })).toBeGreaterThan(0.9999);
});

test('without a feature layer, a file with a post-layernorm skips its last block', async () => {
  const padded = writeRandomLlava(folder, tinyShape, { postNorm: true, name: 'padded' });
  expect(await likeness(padded, { blocks: 2, postNorm: true })).toBeGreaterThan(0.9999);
});

test('embeddings have one row of the text width per patch and repeat exactly', async () => {
  const first = await engine.encodeTile(pixels);
  expect(first).toHaveLength(4 * 64);
  expect(await engine.encodeTile(pixels)).toEqual(first);
  expect(await engine.encodeTile(noise(pixels.length, 2))).not.toEqual(first);
});

test.each([
  ['too few bytes', pixels.subarray(1)],
  ['another type', new Float32Array(pixels) as unknown as Uint8Array],
])('a tile of %s is refused', async (_, rgb) => {
  await expect(engine.encodeTile(rgb)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

// Made with Pillow 9.4.0: Image.frombytes('RGB', (13, 9), bytes((i*i*31 + i*7919) % 256 ...)).resize(size).
test.each([
  [28, 28, '2ee2ec60b994eb5d7d44368b59805d82b02ad43b33fc2142acce50160f5cf6a4'],
  [7, 20, '2da369758cbc13aa713073f73863c11ddc38a305642d6b43b2007440dd842563'],
  [5, 3, '4413422cd320b45d9980cfc0a24a5d92a124eb43f61b0fe00725a98bd2ea20de'],
  [13, 4, '183433704f60f4931e12ce73f663d5d3355e227ed4b92ddd4324bc37b22517d2'],
])("a resize to %ix%i is Pillow's, to the bit", async (width, height, sha256) => {
  const resized = await engine.resize(noise(13 * 9 * 3, 0), 13, 9, width, height);
  expect(resized).toHaveLength(width * height * 3);
  expect(createHash('sha256').update(resized).digest('hex')).toBe(sha256);
});

test('a resize to the same size changes nothing', async () => {
  expect(await engine.resize(pixels, imageSize, imageSize, imageSize, imageSize)).toEqual(pixels);
});

test.each([
  [13, 10, 5, 5],
  [13, 9, 0, 5],
  [13, 9, 5, 70_000],
  [0, 9, 5, 5],
  [1.5, 9, 5, 5],
])('a resize of %ix%i to %ix%i is refused', async (width, height, toWidth, toHeight) => {
  const resize = engine.resize(noise(13 * 9 * 3), width, height, toWidth, toHeight);
  await expect(resize).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
