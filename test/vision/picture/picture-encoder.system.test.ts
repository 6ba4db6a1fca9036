import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Detail } from '../../../src/domain/detail.ts';
import type { Picture } from '../../../src/domain/frame.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { choosePictureEncoder } from '../../../src/vision/picture/picture-encoder.ts';
import { folder, open } from '../../native/engine-fixture.ts';
import { realGeometryShape, tinyShape, writeRandomLlava } from '../../support/random-llava.ts';
import { writeRandomModel } from '../../support/random-projectors.ts';

const never = new AbortController().signal;

/** A picture of coloured noise, without loss. */
async function pictureOf(width: number, height: number): Promise<Picture> {
  const rgb = Uint8Array.from(
    { length: width * height * 3 },
    (_, index) => (index * index * 31 + index * 7) % 256,
  );
  const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return { size: { width, height }, bytes };
}

/** The embeddings an encoder decodes, caught on their way. */
function catching(engine: MtmdEngine): { engine: MtmdEngine; caught: Float32Array[] } {
  const caught: Float32Array[] = [];
  const proxy = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'decodeEmbeddings') caught.push(args[0] as Float32Array);
        return value.apply(target, args);
      };
    },
  });
  return { engine: proxy, caught };
}

test('LLaVA-1.5 sees one square, padded with its mean colour', async () => {
  const { engine, caught } = catching(await open(writeRandomModel(folder, 'mlp')));
  const seen = await choosePictureEncoder(engine, 'full').see(await pictureOf(120, 90), 'USER', never);
  expect(seen).toMatchObject({ imageTokens: 16, promptTokens: 2 });
  expect(engine.position).toBe(18);
  // The same picture with its padding drawn in.
  const { bytes } = await pictureOf(120, 90);
  const padded = await sharp(bytes)
    .extend({ top: 15, bottom: 15, background: { r: 127, g: 127, b: 127 } })
    .png()
    .toBuffer();
  const square = { size: { width: 120, height: 120 }, bytes: padded };
  await choosePictureEncoder(engine, 'full').see(square, 'USER', never);
  expect(caught[1]).toEqual(caught[0]);
  await choosePictureEncoder(engine, 'full').see(await pictureOf(90, 120), 'USER', never);
  expect(caught[2]).not.toEqual(caught[0]);
  // The same picture as bare pixels.
  const pixels = await sharp(bytes).raw().toBuffer();
  const bare = { size: { width: 120, height: 90 }, bytes: pixels, pixels: 'rgb24' } as const;
  await choosePictureEncoder(engine, 'full').see(bare, 'USER', never);
  expect(caught[3]).toEqual(caught[0]);
});

test.each<[Detail, number, number, number]>([
  ['full', 640, 480, 2340],
  ['balanced', 640, 480, 576 + 24 * 32 + 24], // 672x336 or 336x672 as published, unpadded
  ['overview', 640, 480, 576],
  ['overview', 100, 900, 576],
])(
  'LLaVA-1.6 at detail %s sees %ix%i with %i tokens',
  async (detail, width, height, tokens) => {
    const engine = await open(writeRandomLlava(folder, realGeometryShape));
    const seen = await choosePictureEncoder(engine, detail).see(
      await pictureOf(width, height),
      'USER',
      never,
    );
    expect(seen.imageTokens).toBe(tokens);
    expect(engine.position).toBe(tokens + 2);
  },
  120_000,
);

test.each<[Detail, Detail, number]>([
  ['full', 'overview', 576],
  ['balanced', 'full', 576 + 24 * 32 + 24],
])(
  'an engine planned for detail %s, asked for %s, sees %i tokens: never more than was planned',
  async (planned, wanted, tokens) => {
    const engine = await open(writeRandomLlava(folder, realGeometryShape));
    const seen = await choosePictureEncoder(engine, planned).see(
      await pictureOf(640, 480),
      'USER',
      never,
      wanted,
    );
    expect(seen.imageTokens).toBe(tokens);
  },
  120_000,
);

test('a flat LLaVA-1.6 sees the overview, then tile after tile', async () => {
  const flat = writeRandomLlava(folder, tinyShape, { mergeType: 'flat', newlineName: null, name: 'flat' });
  const { engine, caught } = catching(await open(flat));
  const seen = await choosePictureEncoder(engine, 'full').see(await pictureOf(56, 50), 'USER', never);
  expect(seen.imageTokens).toBe((1 + 4) * 4);
  const overview = await pictureOf(56, 50);
  await choosePictureEncoder(engine, 'overview').see(overview, 'USER', never);
  expect(caught[0]!.subarray(0, 4 * 64)).toEqual(caught[1]);
});

test('a newline says that a file which names no merge type is spatial_unpad', async () => {
  const unnamed = writeRandomLlava(folder, tinyShape, { mergeType: 'flat', name: 'unnamed' });
  const engine = await open(unnamed);
  const seen = await choosePictureEncoder(engine, 'full').see(await pictureOf(56, 56), 'USER', never);
  expect(seen.imageTokens).toBe(4 + 4 * (4 + 1));
});

test('spatial_unpad without a newline is no model we know', async () => {
  const engine = await open(writeRandomLlava(folder, tinyShape, { newlineName: null, name: 'no-newline' }));
  const seeing = choosePictureEncoder(engine, 'full').see(await pictureOf(56, 56), 'USER', never);
  await expect(seeing).rejects.toMatchObject({ code: 'UNSUPPORTED_MODEL' });
});

test('the text before the picture is prefilled once for many pictures', async () => {
  let prefills = 0;
  const engine = await open(writeRandomLlava(folder, tinyShape));
  const counting = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (name === 'decodeTokens') prefills++;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const encoder = choosePictureEncoder(counting, 'full');
  const position = async (width: number, before: string): Promise<number> => {
    await encoder.see(await pictureOf(width, 40), before, never);
    return engine.position;
  };
  const first = await position(40, 'USER');
  expect(await position(80, 'USER')).not.toBe(first);
  expect(await position(40, 'USER')).toBe(first);
  expect(prefills).toBe(1);
  expect(await position(40, 'USER USER')).toBeGreaterThan(first);
  expect(prefills).toBe(2);
});

test('other models see what libmtmd makes of a picture, and nothing is left of the one before', async () => {
  const engine = await open(writeRandomModel(folder, 'idefics3'));
  const encoder = choosePictureEncoder(engine, 'full');
  for (let times = 0; times < 2; times++) {
    const seen = await encoder.see(await pictureOf(120, 90), 'USER', never);
    expect(seen).toMatchObject({ imageTokens: 40, promptTokens: 26 });
    expect(engine.position).toBe(66);
  }
});

test.each(['mlp', 'pixtral'] as const)('what is no picture is refused (%s)', async (projector) => {
  const encoder = choosePictureEncoder(await open(writeRandomModel(folder, projector)), 'full');
  const noPicture = { size: { width: 1, height: 1 }, bytes: Buffer.from('no picture') };
  await expect(encoder.see(noPicture, 'USER', never)).rejects.toMatchObject({ code: 'BAD_PICTURE' });
});
