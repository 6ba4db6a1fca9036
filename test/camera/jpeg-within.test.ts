import sharp from 'sharp';
import { expect, test } from 'vitest';
import { jpegWithin } from '../../src/camera/jpeg-within.ts';

const size = { width: 64, height: 32 };
const unlimited = { maxWidth: null, quality: 90, maxBytes: Number.POSITIVE_INFINITY };
const red = sharp({ create: { ...size, channels: 3, background: 'red' } });

/** Noise, which JPEG cannot compress. */
const noise = (width: number, height: number): Promise<Buffer> =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: 'black',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .png()
    .toBuffer();

test('raw pixels become a JPEG of the same picture', async () => {
  const bytes = Buffer.alloc(size.width * size.height * 3);
  // Left half red, right half blue.
  for (let at = 0; at < bytes.length; at += 3) bytes[(at / 3) % 64 < 32 ? at : at + 2] = 255;
  const { bytes: jpeg } = (await jpegWithin({ bytes, size, pixels: 'rgb24' }, unlimited))!;
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ ...size, channels: 3 });
  expect((await sharp(jpeg).metadata()).format).toBe('jpeg');
  const pixel = (x: number): number[] => [...data.subarray((16 * 64 + x) * 3, (16 * 64 + x) * 3 + 3)];
  expect(pixel(4)[0]).toBeGreaterThan(200);
  expect(pixel(4)[2]).toBeLessThan(60);
  expect(pixel(60)[0]).toBeLessThan(60);
  expect(pixel(60)[2]).toBeGreaterThan(200);
});

test('metadata such as place and comment is removed, and the picture is turned upright', async () => {
  const bytes = await red
    .clone()
    .jpeg()
    .withExif({ IFD0: { Copyright: 'canary', Orientation: '6' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">canary</x:xmpmeta>')
    .withMetadata({ orientation: 6 })
    .toBuffer();
  expect(bytes.includes('canary')).toBe(true);
  const { bytes: jpeg, size: jpegSize } = (await jpegWithin({ bytes, size }, unlimited))!;
  expect(jpeg.includes('canary')).toBe(false);
  const { exif, xmp, icc, iptc, orientation, width, height } = await sharp(jpeg).metadata();
  expect({ exif, xmp, icc, iptc, orientation }).toEqual({});
  expect([width, height]).toEqual([32, 64]);
  expect(jpegSize).toEqual({ width, height });
});

test('wider pictures are scaled down, narrower ones are kept', async () => {
  const bytes = await red.clone().png().toBuffer();
  const widthOf = async (maxWidth: number): Promise<number> =>
    (await sharp((await jpegWithin({ bytes, size }, { ...unlimited, maxWidth }))!.bytes).metadata()).width;
  expect(await widthOf(16)).toBe(16);
  expect(await widthOf(640)).toBe(64);
});

test.each([100_000, 20_000, 2000])(
  'a picture that would be larger is made to fit %i bytes',
  async (maxBytes) => {
    const bytes = await noise(640, 360);
    const picture = { bytes, size: { width: 640, height: 360 } };
    expect((await jpegWithin(picture, unlimited))!.bytes.length).toBeGreaterThan(100_000);
    const { bytes: jpeg, size: jpegSize } = (await jpegWithin(picture, { ...unlimited, maxBytes }))!;
    expect(jpeg.length).toBeLessThanOrEqual(maxBytes);
    // And no smaller than necessary.
    expect(jpeg.length).toBeGreaterThan(maxBytes / 5);
    const { width, height } = await sharp(jpeg).metadata();
    expect(jpegSize).toEqual({ width, height });
    expect(width / height).toBeCloseTo(16 / 9, 0);
  },
);

test('a picture that fits at no size is null, and a file that is not a picture an error', async () => {
  const bytes = await noise(320, 240);
  expect(await jpegWithin({ bytes, size }, { ...unlimited, maxBytes: 100 })).toBeNull();
  await expect(jpegWithin({ bytes: Buffer.from('no picture'), size }, unlimited)).rejects.toThrow();
});
