import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { nativeJpegBlocks } from '../../src/camera/jpeg-blocks.ts';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import { loadV4l2Addon } from '../../src/camera/v4l2-addon.ts';
import type { Size } from '../../src/domain/frame.ts';
import { type BlockMeans, gridOf, readBlockMeans } from '../../src/gate/block-means.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const jpegBlocks = nativeJpegBlocks(silent)!;

/** A drawn scene to encode: different in every part of the picture. */
async function scene(seed: number, size: Size): Promise<Sharp> {
  return sharp(await drawScene(sampleScene(seed, size)));
}

/** The opposite of a drawn picture: noise in all colours. */
function noise(seed: number, { width, height }: Size): Sharp {
  const random = sceneRandom(seed, 7);
  const rgb = Buffer.from(Array.from({ length: width * height * 3 }, () => random.between(60, 200)));
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

const read = (jpeg: Uint8Array, size: Size): Promise<Uint8Array | null> =>
  jpegBlocks(jpeg, size, gridOf(size));

/** How far the worst block is off, in brightness and in colour. */
function furthest(blocks: Uint8Array | null, { luma, cb, cr }: BlockMeans): { luma: number; colour: number } {
  const planes = [luma, cb, cr];
  expect(blocks).toHaveLength(3 * luma.length);
  const [inLuma, ...inColour] = planes.map((plane, index) =>
    Math.max(...plane.map((mean, at) => Math.abs(mean - blocks![index * luma.length + at]!))),
  );
  return { luma: inLuma!, colour: Math.max(...inColour) };
}

async function furthestFromSharp(jpeg: Uint8Array, size: Size): Promise<{ luma: number; colour: number }> {
  return furthest(await read(jpeg, size), await readBlockMeans({ bytes: jpeg, size }));
}

test.each([
  [640, 480],
  [1280, 720],
  [1920, 1080],
  // Scaled down by 4, by 2 and not at all while decoding.
  [320, 180],
  [200, 150],
  [100, 75],
  // On its side, and a strip.
  [480, 640],
  [2000, 64],
])('the blocks of a drawn scene of %i x %i are those that sharp gives', async (width, height) => {
  const size = { width, height };
  for (const seed of [1, 2, 3]) {
    const jpeg = await (await scene(seed, size)).jpeg({ quality: 80 }).toBuffer();
    const { luma, colour } = await furthestFromSharp(jpeg, size);
    expect(luma).toBeLessThanOrEqual(4);
    // Where a picture is not reduced, sharp smooths the colours, which are stored at half its size.
    expect(colour).toBeLessThanOrEqual(width <= 200 ? 20 : 4);
  }
});

test.each([
  [1366, 767],
  [479, 641],
])('blocks are in place though %i x %i is not divisible by eight', async (width, height) => {
  const size = { width, height };
  const jpeg = await (await scene(1, size)).jpeg({ quality: 95 }).toBuffer();
  const pixels = await sharp(jpeg).raw().toBuffer();
  const blocks = await read(jpeg, size);
  const means = await readBlockMeans({ bytes: pixels, size, pixels: 'rgb24' });
  const { luma, colour } = furthest(blocks, means);
  expect(luma).toBeLessThanOrEqual(12);
  expect(colour).toBeLessThanOrEqual(12);
});

test.each<[string, (image: Sharp) => Sharp]>([
  ['in grey', (image) => image.greyscale().jpeg()],
  ['with whole colours', (image) => image.jpeg({ chromaSubsampling: '4:4:4' })],
  ['of a low quality', (image) => image.jpeg({ quality: 10 })],
  ['with its own tables', (image) => image.jpeg({ optimiseCoding: true })],
])('a JPEG %s is read', async (_name, encode) => {
  const size = { width: 640, height: 360 };
  const { luma, colour } = await furthestFromSharp(await encode(await scene(4, size)).toBuffer(), size);
  expect(luma).toBeLessThanOrEqual(3);
  expect(colour).toBeLessThanOrEqual(4);
});

test('noise comes out as its mean', async () => {
  const size = { width: 640, height: 360 };
  const jpeg = await noise(1, size).jpeg({ quality: 90 }).toBuffer();
  const { luma, colour } = await furthestFromSharp(jpeg, size);
  expect(luma).toBeLessThanOrEqual(3);
  expect(colour).toBeLessThanOrEqual(3);
});

test('stray bytes before a marker, which many cameras send, are skipped', async () => {
  const size = { width: 640, height: 360 };
  const jpeg = await (await scene(5, size)).jpeg().toBuffer();
  // Before the quantisation tables.
  const at = jpeg.indexOf(Buffer.of(0xff, 0xdb));
  const stray = Buffer.concat([jpeg.subarray(0, at), Buffer.of(0, 0, 0), jpeg.subarray(at)]);
  expect(await read(stray, size)).toEqual(await read(jpeg, size));
});

const size = { width: 320, height: 240 };

test.each<[string, (image: Sharp) => Promise<Uint8Array>]>([
  ['progressive', (image) => image.jpeg({ progressive: true }).toBuffer()],
  ['on its side', (image) => image.withMetadata({ orientation: 6 }).jpeg().toBuffer()],
  ['with a colour profile', (image) => image.withIccProfile('p3').jpeg().toBuffer()],
  ['in CMYK', (image) => image.toColourspace('cmyk').jpeg().toBuffer()],
  ['of another size than given', (image) => image.resize(322, 240).jpeg().toBuffer()],
  ['cut short', async (image) => (await image.jpeg().toBuffer()).subarray(0, 2000)],
  ['cut in its header', async (image) => (await image.jpeg().toBuffer()).subarray(0, 200)],
  ['with damage', async (image) => damaged(await image.jpeg().toBuffer())],
  ['that is a PNG', (image) => image.png().toBuffer()],
  ['that is nothing', async () => new Uint8Array()],
  ['that is a beginning alone', async () => Uint8Array.of(0xff, 0xd8)],
])('a JPEG %s is left to another decoder', async (_name, encode) => {
  expect(await read(await encode(await scene(6, size)), size)).toBeNull();
});

/** A marker in the middle of the data, where none may be. */
function damaged(jpeg: Buffer): Buffer {
  jpeg.writeUInt16BE(0xffd3, jpeg.length - 3000);
  return jpeg;
}

test("pictures larger than any camera's are refused, since a small file can decode to a huge one", async () => {
  const flat = ({ width, height }: Size): Promise<Buffer> =>
    sharp({ create: { width, height, channels: 3, background: 'grey' } })
      .jpeg()
      .toBuffer();
  const large = { width: 8192, height: 512 };
  expect(await read(await flat(large), large)).not.toBeNull();
  const huge = { width: 8200, height: 8200 };
  expect(await read(await flat(huge), huge)).toBeNull();
});

test('thousands of damaged files give blocks or null', async () => {
  const small = { width: 96, height: 64 };
  const random = sceneRandom(8, 8);
  const originals = await Promise.all(
    [
      (await scene(8, small)).jpeg(),
      (await scene(9, small)).jpeg({ chromaSubsampling: '4:4:4', optimiseCoding: true }),
      (await scene(10, small)).greyscale().jpeg({ quality: 30 }),
      (await scene(11, small)).jpeg({ progressive: true }),
    ].map((image) => image.toBuffer()),
  );
  const counts = { blocks: 0, nothing: 0 };
  for (let run = 0; run < 4000; run++) {
    const jpeg = mutate(originals[run % originals.length]!, random);
    const blocks = await read(jpeg, small);
    if (blocks) {
      expect(blocks).toHaveLength(3 * 64 * 43);
      counts.blocks++;
    } else counts.nothing++;
  }
  // Some changes are harmless, such as another quantisation.
  expect(counts.blocks).toBeGreaterThan(100);
  expect(counts.nothing).toBeGreaterThan(1000);
});

/** A copy with one to eight faults, most of them in the header. */
function mutate(original: Buffer, random: ReturnType<typeof sceneRandom>): Buffer {
  let bytes = Buffer.from(original);
  const place = (): number =>
    Math.floor(random.between(2, random.between(0, 1) < 0.7 ? Math.min(620, bytes.length) : bytes.length));
  for (let faults = Math.ceil(random.between(0, 8)); faults > 0; faults--) {
    const at = place();
    const kind = Math.floor(random.between(0, 5));
    if (kind === 0) bytes[at] = Math.floor(random.between(0, 256));
    else if (kind === 1) bytes[at]! ^= 1 << Math.floor(random.between(0, 8));
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 7)]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(place())]);
    else
      bytes.set(Buffer.of(0xff, Math.floor(random.between(0xc0, 0x100))).subarray(0, bytes.length - at), at);
  }
  return bytes;
}

test('wrong arguments are named', async () => {
  const { jpegBlocks: native } = loadV4l2Addon();
  const grid = { ...size, columns: 64, rows: 48 };
  await expect(native('no bytes' as never, grid)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'jpeg must be a Uint8Array',
  });
  await expect(native(new Uint8Array(4), { ...grid, rows: 0 })).rejects.toThrow(
    'rows must be a whole number in range',
  );
});
