import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodedPicture } from '../../src/camera/encoded-picture.ts';
import { pictureSizeOf } from '../../src/camera/picture-size.ts';

const picture = sharp({ create: { width: 70, height: 30, channels: 3, background: 'red' } });

test.each([
  ['a JPEG', () => picture.clone().jpeg()],
  ['a progressive JPEG', () => picture.clone().jpeg({ progressive: true })],
  ['a grey JPEG', () => picture.clone().toColourspace('b-w').jpeg()],
  ['a JPEG with a colour profile', () => picture.clone().withIccProfile('srgb').jpeg()],
  ['a PNG', () => picture.clone().png()],
  ['a WebP', () => picture.clone().webp()],
])('%s', async (_, encode) => {
  expect(await pictureSizeOf(await encode().toBuffer())).toEqual({ width: 70, height: 30 });
});

test('a JPEG that EXIF turns by a quarter has its size as shown', async () => {
  const turned = await picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
  expect(await pictureSizeOf(turned)).toEqual({ width: 30, height: 70 });
});

test('Huffman tables before the frame header are passed over', async () => {
  const jpeg = await picture.clone().jpeg({ optimiseCoding: false }).toBuffer();
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc4]));
  const tables = jpeg.subarray(at, at + 2 + jpeg.readUInt16BE(at + 2));
  const reordered = Buffer.concat([jpeg.subarray(0, 2), tables, jpeg.subarray(2)]);
  expect(await pictureSizeOf(reordered)).toEqual({ width: 70, height: 30 });
});

test('what is no picture rejects, wherever a JPEG is cut', async () => {
  const jpeg = await picture.clone().jpeg().toBuffer();
  for (const bytes of [Buffer.from('no picture'), jpeg.subarray(0, 2), jpeg.subarray(0, 60)])
    await expect(pictureSizeOf(bytes)).rejects.toThrow();
});

test('of what the decoder says about a faulty picture, one line is told', async () => {
  const jpeg = await picture.clone().jpeg().toBuffer();
  jpeg.writeUInt32BE(0, jpeg.indexOf(Buffer.from([0xff, 0xc0])) + 5); // its height and width
  const fault = await encodedPicture(jpeg, 'damaged').catch((error: Error) => error.message);
  expect(fault).toMatch(/^damaged: not a readable picture: [^\n]*Empty JPEG image/);
  expect(fault).not.toMatch(/\n|Vips/);
});
