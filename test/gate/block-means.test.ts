import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import type { Picture } from '../../src/domain/frame.ts';
import { gridOf, readBlockMeans } from '../../src/gate/block-means.ts';

/** Dark on the left, bright on the right. */
function halves(width: number, height: number): Sharp {
  const rgb = Buffer.alloc(width * height * 3, 40);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (pixel % width >= width / 2) rgb.fill(200, pixel * 3, pixel * 3 + 3);
  }
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

async function pictureOf(image: Sharp, width = 640, height = 360): Promise<Picture> {
  return { bytes: await image.toBuffer(), size: { width, height } };
}

test('a block is the mean of its pixels, row by row', async () => {
  const { columns, rows, luma: means } = await readBlockMeans(await pictureOf(halves(640, 360).jpeg()));
  expect([columns, rows, means.length]).toEqual([64, 36, 64 * 36]);
  for (const row of [0, 17, 35]) {
    expect(means[row * 64 + 3]).toBeCloseTo(40, -0.5);
    expect(means[row * 64 + 60]).toBeCloseTo(200, -0.5);
  }
});

test('fine detail becomes its mean, not one of its pixels', async () => {
  const rgb = Buffer.alloc(640 * 360 * 3);
  for (let pixel = 0; pixel < 640 * 360; pixel++) {
    const isBright = (pixel + Math.floor(pixel / 640)) % 2 === 0;
    rgb.fill(isBright ? 200 : 100, pixel * 3, pixel * 3 + 3);
  }
  const { luma: means } = await readBlockMeans({
    bytes: rgb,
    size: { width: 640, height: 360 },
    pixels: 'rgb24',
  });
  for (const mean of means) expect(Math.abs(mean - 150)).toBeLessThanOrEqual(2);
});

test('raw pixels, PNG, WebP with transparency, and a grey JPEG are read alike', async () => {
  const size = { width: 640, height: 360 };
  const jpeg = await readBlockMeans(await pictureOf(halves(640, 360).jpeg({ quality: 95 })));
  const others: Picture[] = [
    { bytes: await halves(640, 360).raw().toBuffer(), size, pixels: 'rgb24' },
    await pictureOf(halves(640, 360).png()),
    await pictureOf(halves(640, 360).ensureAlpha().webp({ quality: 95 })),
    await pictureOf(halves(640, 360).greyscale().jpeg({ quality: 95 })),
  ];
  for (const other of others) {
    const { luma: means } = await readBlockMeans(other);
    // A JPEG is scaled in two steps, which softens the edge between the halves a little.
    const isEdge = (block: number): boolean => [31, 32].includes(block % 64);
    const furthest = Math.max(
      ...means.map((mean, block) => (isEdge(block) ? 0 : Math.abs(mean - jpeg.luma[block]!))),
    );
    expect(furthest).toBeLessThanOrEqual(4);
  }
});

test('a picture with EXIF orientation is read as a viewer shows it', async () => {
  // Orientation 6: turned clockwise, so that the left, dark half becomes the top.
  const turned = halves(640, 360).withMetadata({ orientation: 6 }).jpeg();
  const { columns, rows, luma: means } = await readBlockMeans(await pictureOf(turned, 360, 640));
  expect([columns, rows]).toEqual([36, 64]);
  expect(means[3 * 36 + 5]).toBeLessThan(60);
  expect(means[60 * 36 + 5]).toBeGreaterThan(180);
});

test.each([
  [1280, 720, 64, 36],
  [640, 480, 64, 48],
  [720, 1280, 36, 64],
  [1, 1, 64, 64],
  [4000, 10, 64, 1],
])('%i x %i is seen as %i x %i blocks', (width, height, columns, rows) => {
  expect(gridOf({ width, height })).toEqual({ columns, rows });
});

test('a JPEG is read by the native decoder if that accepts it', async () => {
  const jpeg = await pictureOf(halves(640, 360).jpeg());
  const png = await pictureOf(halves(640, 360).png());
  const quick = Uint8Array.from({ length: 3 * 64 * 36 }, (_, at) => Math.floor(at / (64 * 36)));
  const asked: object[] = [];
  const takesIt = async (...request: object[]): Promise<Uint8Array> => {
    asked.push(request);
    return quick;
  };
  expect(await readBlockMeans(jpeg, takesIt)).toEqual({
    columns: 64,
    rows: 36,
    luma: new Uint8Array(64 * 36),
    cb: new Uint8Array(64 * 36).fill(1),
    cr: new Uint8Array(64 * 36).fill(2),
  });
  expect(asked).toEqual([[jpeg.bytes, jpeg.size, { columns: 64, rows: 36 }]]);
  // Other kinds of files and raw pixels are not passed to it.
  const pixels = {
    bytes: await halves(640, 360).raw().toBuffer(),
    size: jpeg.size,
    pixels: 'rgb24',
  } as const;
  for (const other of [png, pixels])
    expect(await readBlockMeans(other, takesIt)).toEqual(await readBlockMeans(other));
  expect(asked).toHaveLength(1);
  expect(await readBlockMeans(jpeg, async () => null)).toEqual(await readBlockMeans(jpeg));
});

test('colours are read from files and raw pixels alike; grey pictures have none', async () => {
  const size = { width: 640, height: 360 };
  const red = sharp({ create: { ...size, channels: 3, background: { r: 200, g: 40, b: 60 } } });
  const pictures: Picture[] = [
    await pictureOf(red.clone().jpeg()),
    await pictureOf(red.clone().png()),
    { bytes: await red.clone().raw().toBuffer(), size, pixels: 'rgb24' },
  ];
  for (const picture of pictures) {
    const { luma, cb, cr } = await readBlockMeans(picture);
    // 0.299 * 200 + 0.587 * 40 + 0.114 * 60 = 90.1; (60 - 90.1) / 1.772; (200 - 90.1) / 1.402
    for (const [plane, level] of [
      [luma, 90],
      [cb, 111],
      [cr, 206],
    ] as const)
      expect(Math.max(...plane.map((mean) => Math.abs(mean - level)))).toBeLessThanOrEqual(1);
  }
  const grey = await readBlockMeans(await pictureOf(halves(640, 360).greyscale().png()));
  expect(new Set([...grey.cb, ...grey.cr])).toEqual(new Set([128]));
});

test('a file that is not a picture is refused', async () => {
  const picture = { bytes: Buffer.from('not a jpeg'), size: { width: 4, height: 4 } };
  await expect(readBlockMeans(picture)).rejects.toThrow(/unsupported image format/);
});
