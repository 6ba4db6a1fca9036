import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import { MaskedCamera } from '../../src/gate/masked-camera.ts';
import type { Polygon } from '../../src/gate/polygon.ts';
import type { Camera } from '../../src/pipeline/ports.ts';

const size = { width: 80, height: 40 };
const white = sharp({ create: { ...size, channels: 3, background: 'white' } });
/** The left quarter. */
const leftQuarter: Polygon = [
  [0, 0],
  [0.25, 0],
  [0.25, 1],
  [0, 1],
];
const never = new AbortController().signal;

/** A camera that shows this picture and records its calls. */
function showing(picture: Picture): Camera & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    name: 'yard',
    calls,
    start: async () => void calls.push('start'),
    capture: async () => picture,
    close: async () => void calls.push('close'),
  };
}

const capture = (picture: Picture, masks = [leftQuarter]): Promise<Picture> =>
  new MaskedCamera(showing(picture), () => masks).capture(never);

async function levels(picture: Picture): Promise<(x: number, y: number) => number> {
  const { width } = picture.size;
  const data =
    picture.pixels === 'rgb24' ? picture.bytes : await sharp(picture.bytes).removeAlpha().raw().toBuffer();
  return (x, y) => Math.max(...data.slice((y * width + x) * 3, (y * width + x) * 3 + 3));
}

test.each([
  ['a JPEG', () => white.clone().jpeg().toBuffer()],
  ['a PNG with transparency', () => white.clone().ensureAlpha(0.5).png().toBuffer()],
  ['a grey WebP', () => white.clone().greyscale().webp().toBuffer()],
])('%s is a JPEG with the zone in black and the rest as it was', async (_name, encode) => {
  const masked = await capture({ bytes: await encode(), size });
  expect((await sharp(masked.bytes).metadata()).format).toBe('jpeg');
  expect(masked.size).toEqual(size);
  const level = await levels(masked);
  for (const y of [0, 20, 39]) {
    for (const x of [0, 10, 18]) expect(level(x, y)).toBeLessThan(20);
    for (const x of [30, 60, 79]) expect(level(x, y)).toBeGreaterThan(235);
  }
});

test('a mask that is drawn while others are painted covers the picture too', async () => {
  const none: Polygon[] = [];
  const all: Polygon[] = [
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ],
  ];
  const first = [leftQuarter];
  // The first list is asked for once, as if it had been replaced while it was painted.
  const lists = [first, all, all, all];
  const bytes = await white.clone().jpeg().toBuffer();
  const camera = new MaskedCamera(showing({ bytes, size }), () => lists.shift() ?? none);
  const level = await levels(await camera.capture(never));
  expect(level(79, 20)).toBeLessThan(20);
});

test("raw pixels are painted to the pixel, and the camera's own copy is unchanged", async () => {
  const bytes = await white.clone().raw().toBuffer();
  const masked = await capture({ bytes, size, pixels: 'rgb24' });
  expect(masked.pixels).toBe('rgb24');
  const level = await levels(masked);
  for (const y of [0, 39]) expect([0, 19, 20, 79].map((x) => level(x, y))).toEqual([0, 0, 255, 255]);
  expect(bytes.every((value) => value === 255)).toBe(true);
});

test('several zones, and one across the border', async () => {
  const bytes = await white.clone().raw().toBuffer();
  const corner: Polygon = [
    [1, 1],
    [0.5, 1],
    [1, 0],
  ];
  const level = await levels(await capture({ bytes, size, pixels: 'rgb24' }, [leftQuarter, corner]));
  expect([level(5, 20), level(79, 1), level(78, 38), level(42, 38), level(42, 5)]).toEqual([0, 0, 0, 0, 255]);
});

test('a picture with EXIF orientation is masked as a viewer sees it', async () => {
  const turned = await white.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const masked = await capture({ bytes: turned, size: { width: 40, height: 80 } });
  expect(masked.size).toEqual({ width: 40, height: 80 });
  const level = await levels(masked);
  expect([level(2, 5), level(2, 75), level(30, 5), level(30, 75)].map((value) => value > 128)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

test('metadata is removed: a preview would show the masked areas', async () => {
  const bytes = await white
    .clone()
    .withExif({ IFD0: { Copyright: 'somebody' } })
    .jpeg()
    .toBuffer();
  expect((await sharp(bytes).metadata()).exif).toBeDefined();
  const { bytes: masked } = await capture({ bytes, size });
  const { exif, icc, xmp } = await sharp(masked).metadata();
  expect([exif, icc, xmp]).toEqual([undefined, undefined, undefined]);
});

test('a picture that cannot be painted is not passed on', async () => {
  await expect(capture({ bytes: Buffer.from('not a jpeg'), size })).rejects.toThrow(
    /the privacy masks cannot be painted: .*unsupported image format/,
  );
  await expect(capture({ bytes: Buffer.from('not a jpeg'), size })).rejects.toMatchObject({
    name: 'CameraError',
  });
});

test('name, start and close are those of the camera', async () => {
  const camera = showing({ bytes: Buffer.alloc(3), size: { width: 1, height: 1 }, pixels: 'rgb24' });
  const masked = new MaskedCamera(camera, () => [leftQuarter]);
  await masked.start(never);
  await masked.close();
  expect([masked.name, ...camera.calls]).toEqual(['yard', 'start', 'close']);
});

test('the time of capture is kept', async () => {
  const takenAt = new Date('2026-01-02T03:04:05Z');
  const masked = await capture({ bytes: await white.clone().jpeg().toBuffer(), size, takenAt });
  expect(masked.takenAt).toEqual(takenAt);
});
