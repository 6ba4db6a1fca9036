import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Detail } from '../../../src/domain/detail.ts';
import type { Picture } from '../../../src/domain/frame.ts';
import type { PictureArea } from '../../../src/domain/picture-area.ts';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { choosePictureEncoder, type EncodedPicture } from '../../../src/vision/picture/picture-encoder.ts';
import { realGeometryShape, tinyShape, writeRandomLlava } from '../../../tools/test/random-llava.ts';
import { writeRandomModel } from '../../../tools/test/random-projectors.ts';
import { folder, open } from '../../native/engine-fixture.ts';

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

/** The engine, with the embeddings that it decodes recorded. */
function recording(engine: MtmdEngine): { engine: MtmdEngine; recorded: Float32Array[] } {
  const recorded: Float32Array[] = [];
  const proxy = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'decodeEmbeddings') recorded.push(args[0] as Float32Array);
        return value.apply(target, args);
      };
    },
  });
  return { engine: proxy, recorded };
}

test('LLaVA-1.5 encodes one square, padded with its mean colour', async () => {
  const { engine, recorded } = recording(await open(writeRandomModel(folder, 'mlp')));
  const encoded = await choosePictureEncoder(engine, 'full').encode(await pictureOf(120, 90), 'USER', never);
  expect(encoded).toMatchObject({ imageTokens: 16, promptTokens: 2 });
  expect(engine.position).toBe(18);
  // The same picture with its padding drawn in.
  const { bytes } = await pictureOf(120, 90);
  const padded = await sharp(bytes)
    .extend({ top: 15, bottom: 15, background: { r: 127, g: 127, b: 127 } })
    .png()
    .toBuffer();
  const square = { size: { width: 120, height: 120 }, bytes: padded };
  await choosePictureEncoder(engine, 'full').encode(square, 'USER', never);
  expect(recorded[1]).toEqual(recorded[0]);
  await choosePictureEncoder(engine, 'full').encode(await pictureOf(90, 120), 'USER', never);
  expect(recorded[2]).not.toEqual(recorded[0]);
  // The same picture as bare pixels.
  const pixels = await sharp(bytes).raw().toBuffer();
  const bare = { size: { width: 120, height: 90 }, bytes: pixels, pixels: 'rgb24' } as const;
  await choosePictureEncoder(engine, 'full').encode(bare, 'USER', never);
  expect(recorded[3]).toEqual(recorded[0]);
});

test.each<[Detail, number, number, number]>([
  ['full', 640, 480, 2340],
  ['balanced', 640, 480, 576 + 24 * 32 + 24], // 672x336 or 336x672 as published, unpadded
  ['overview', 640, 480, 576],
  ['overview', 100, 900, 576],
])(
  'LLaVA-1.6 at detail %s encodes %ix%i into %i tokens',
  async (detail, width, height, tokens) => {
    const engine = await open(writeRandomLlava(folder, realGeometryShape));
    const encoded = await choosePictureEncoder(engine, detail).encode(
      await pictureOf(width, height),
      'USER',
      never,
    );
    expect(encoded.imageTokens).toBe(tokens);
    expect(engine.position).toBe(tokens + 2);
  },
  120_000,
);

test.each<[Detail, Detail, number]>([
  ['full', 'overview', 576],
  ['balanced', 'full', 576 + 24 * 32 + 24],
])(
  'an engine planned for detail %s encodes a request for %s into %i tokens: never more than planned',
  async (planned, requested, tokens) => {
    const engine = await open(writeRandomLlava(folder, realGeometryShape));
    const encoded = await choosePictureEncoder(engine, planned).encode(
      await pictureOf(640, 480),
      'USER',
      never,
      { detail: requested },
    );
    expect(encoded.imageTokens).toBe(tokens);
  },
  120_000,
);

test('of a LLaVA-1.6 picture, an area, all newlines and the overview are shown, and only tiles of the area encoded', async () => {
  const { engine, recorded } = recording(await open(writeRandomLlava(folder, realGeometryShape)));
  let encodes = 0;
  const counting = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'encodeTile') encodes++;
        return value.apply(target, args);
      };
    },
  });
  const picture = await pictureOf(1280, 720);
  const encode = (area?: PictureArea): Promise<EncodedPicture> =>
    choosePictureEncoder(counting, 'full').encode(picture, 'USER', never, { area });
  expect(await encode()).toMatchObject({ imageTokens: 1948, omittedTokens: 0 });
  expect(await encode([{ left: 0, top: 0, right: 1, bottom: 1 }])).toMatchObject({ omittedTokens: 0 });
  expect(recorded[1]).toEqual(recorded[0]);
  expect(encodes).toBe(10);
  // 672 * 0.1 = 67.2 and 147 + 378 * 0.1 = 184.8, with a margin of 21 pixels: columns 3 to 12, rows 11 to 18 of the canvas.
  const part = await encode([{ left: 0.1, top: 0.1, right: 0.2, bottom: 0.2 }]);
  expect(part).toMatchObject({ imageTokens: 576 + 28 + 7 * 9, omittedTokens: 28 * 48 - 7 * 9 });
  expect(encodes).toBe(12);
  expect(engine.position).toBe(part.imageTokens + 2);
}, 120_000);

test('a flat LLaVA-1.6 gets the overview, then tile after tile', async () => {
  const flat = writeRandomLlava(folder, tinyShape, { mergeType: 'flat', newlineName: null, name: 'flat' });
  const { engine, recorded } = recording(await open(flat));
  const encoded = await choosePictureEncoder(engine, 'full').encode(await pictureOf(56, 50), 'USER', never);
  expect(encoded.imageTokens).toBe((1 + 4) * 4);
  // Without newlines nothing tells where a patch was, so all of them are shown.
  const encoder = choosePictureEncoder(engine, 'full');
  expect(await encoder.encode(await pictureOf(56, 50), 'USER', never, { area: [] })).toMatchObject({
    imageTokens: (1 + 4) * 4,
    omittedTokens: 0,
  });
  const overview = await pictureOf(56, 50);
  await choosePictureEncoder(engine, 'overview').encode(overview, 'USER', never);
  expect(recorded[0]!.subarray(0, 4 * 64)).toEqual(recorded[2]);
});

test('a file without merge type but with a newline is spatial_unpad', async () => {
  const unnamed = writeRandomLlava(folder, tinyShape, { mergeType: 'flat', name: 'unnamed' });
  const engine = await open(unnamed);
  const encoded = await choosePictureEncoder(engine, 'full').encode(await pictureOf(56, 56), 'USER', never);
  expect(encoded.imageTokens).toBe(4 + 4 * (4 + 1));
});

test('spatial_unpad without a newline is refused', async () => {
  const engine = await open(writeRandomLlava(folder, tinyShape, { newlineName: null, name: 'no-newline' }));
  const encoding = choosePictureEncoder(engine, 'full').encode(await pictureOf(56, 56), 'USER', never);
  await expect(encoding).rejects.toMatchObject({ code: 'UNSUPPORTED_MODEL' });
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
    await encoder.encode(await pictureOf(width, 40), before, never);
    return engine.position;
  };
  const first = await position(40, 'USER');
  expect(await position(80, 'USER')).not.toBe(first);
  expect(await position(40, 'USER')).toBe(first);
  expect(prefills).toBe(1);
  expect(await position(40, 'USER USER')).toBeGreaterThan(first);
  expect(prefills).toBe(2);
});

test("other models use libmtmd's layout, and nothing of the previous picture remains", async () => {
  const engine = await open(writeRandomModel(folder, 'idefics3'));
  const encoder = choosePictureEncoder(engine, 'full');
  for (let times = 0; times < 2; times++) {
    const encoded = await encoder.encode(await pictureOf(120, 90), 'USER', never);
    expect(encoded).toMatchObject({ imageTokens: 40, promptTokens: 26 });
    expect(engine.position).toBe(66);
  }
});

test.each(['mlp', 'pixtral'] as const)('an undecodable picture is refused (%s)', async (projector) => {
  const encoder = choosePictureEncoder(await open(writeRandomModel(folder, projector)), 'full');
  const noPicture = { size: { width: 1, height: 1 }, bytes: Buffer.from('no picture') };
  await expect(encoder.encode(noPicture, 'USER', never)).rejects.toMatchObject({ code: 'BAD_PICTURE' });
});
