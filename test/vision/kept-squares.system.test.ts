import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import type { MtmdEngine } from '../../src/vision/native/mtmd-engine.ts';
import { PictureDescriber } from '../../src/vision/picture-describer.ts';
import { demoEngine, demoRequest } from '../../tools/test/demo-engine.ts';
import { open } from '../native/engine-fixture.ts';

// Squares whose pixels repeat: counts encodes, not time.

const never = new AbortController().signal;
const size = { width: 640, height: 640 };

/** The demo's scene with two patches, well within the first and the last of its four tiles, whose colour is the picture's own. */
async function pictureOf(number: number): Promise<Picture> {
  const patch = await sharp({
    create: { width: 120, height: 120, channels: 3, background: { r: number * 40, g: 200, b: 30 } },
  })
    .png()
    .toBuffer();
  const bytes = await sharp(demoRequest.picture.bytes)
    .resize(size.width, size.height, { fit: 'fill' })
    .composite([
      { input: patch, left: 100, top: 100 },
      { input: patch, left: 420, top: 420 },
    ])
    .png()
    .toBuffer();
  return { size, bytes };
}

const engine = await open(demoEngine);

/** A describer that has seen nothing yet; `calls` are those of the engine, by name. */
function describerOf(onCall: (name: string, isOver: boolean) => void = () => {}): {
  describe: (picture: Picture, signal?: AbortSignal) => Promise<string>;
  encodes: () => number;
} {
  let encodes = 0;
  const proxy: MtmdEngine = new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'encodeTile') encodes++;
        const result = value.apply(target, args);
        onCall(String(name), false);
        if (!(result instanceof Promise)) return result;
        return result.then((done) => {
          onCall(String(name), true);
          return done;
        });
      };
    },
  });
  const options = { maxTokens: 32, temperature: 0, chatTemplate: null, detail: 'full' } as const;
  const describer = new PictureDescriber(proxy, options, { name: 'demo', quant: '', build: '' });
  return {
    describe: async (picture, signal = never) =>
      (await describer.describe({ ...demoRequest, picture }, signal)).text!,
    encodes: () => {
      const count = encodes;
      encodes = 0;
      return count;
    },
  };
}

test('with two of four tiles as before, three of five squares are encoded, and the text is the same', async () => {
  const { describe, encodes } = describerOf();
  const counts: number[] = [];
  for (let number = 1; number <= 4; number++) {
    const picture = await pictureOf(number);
    const text = await describe(picture);
    counts.push(encodes());
    expect(text).toBe(await describerOf().describe(picture));
  }
  expect(counts).toEqual([5, 5, 3, 3]);
});

test('a still picture is encoded twice, then never again', async () => {
  const { describe, encodes } = describerOf();
  const picture = await pictureOf(1);
  const texts = new Set<string>();
  const counts: number[] = [];
  for (let times = 0; times < 4; times++) {
    texts.add(await describe(picture));
    counts.push(encodes());
  }
  expect(counts).toEqual([5, 5, 0, 0]);
  expect(texts.size).toBe(1);
});

test('a black picture needs its square once', async () => {
  const bytes = await sharp({ create: { ...size, channels: 3, background: 'black' } })
    .png()
    .toBuffer();
  const { describe, encodes } = describerOf();
  await describe({ size, bytes });
  expect(encodes()).toBe(1);
});

test.each([
  ['while a tile is encoded', 'encodeTile', false, 3, 3],
  ['between two tiles', 'encodeTile', true, 3, 2],
  ['while the picture is prefilled', 'decodeEmbeddings', false, 5, 0],
] as const)('interrupted %s, it stops there, and later only encodes the rest', async (...row) => {
  const [, call, isOver, encodedFirst, encodedLater] = row;
  let countdown = call === 'encodeTile' ? 3 : 1;
  const abort = new AbortController();
  abort.signal.addEventListener('abort', () => engine.cancel());
  const { describe, encodes } = describerOf((name, ended) => {
    if (name === call && ended === isOver && --countdown === 0) abort.abort();
  });
  const picture = await pictureOf(1);
  await expect(describe(picture, abort.signal)).rejects.toThrow();
  expect(encodes()).toBe(encodedFirst);
  await describe(demoRequest.picture);
  expect(encodes()).toBe(5);
  const text = await describe(picture);
  expect(encodes()).toBe(encodedLater);
  expect(text).toBe(await describerOf().describe(picture));
});
