import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodedPicture } from '../../src/camera/encoded-picture.ts';
import { type Turn, turnPicture } from '../../src/camera/turn-picture.ts';

// Six squares in two rows: a b c over d e f. A picture large enough that JPEG keeps the squares apart.
const levels: Readonly<Record<string, number>> = { a: 0, b: 50, c: 100, d: 150, e: 200, f: 250 };
const side = 16;

function drawn(rows: string): { size: { width: number; height: number }; rgb: Uint8Array } {
  const lines = rows.split(' ').map((row) => [...row]);
  const size = { width: lines[0]!.length * side, height: lines.length * side };
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let at = 0; at < rgb.length; at++) {
    const pixel = Math.floor(at / 3);
    const [x, y] = [Math.floor((pixel % size.width) / side), Math.floor(pixel / size.width / side)];
    rgb[at] = levels[lines[y]![x]!]!;
  }
  return { size, rgb };
}

const cases: [string, Turn, string][] = [
  ['turned by 90', { rotation: 90, flip: 'none' }, 'da eb fc'],
  ['turned by 180', { rotation: 180, flip: 'none' }, 'fed cba'],
  ['turned by 270', { rotation: 270, flip: 'none' }, 'cf be ad'],
  ['mirrored', { rotation: 0, flip: 'horizontal' }, 'cba fed'],
  ['upside down, mirrored', { rotation: 0, flip: 'vertical' }, 'def abc'],
  ['mirrored both ways', { rotation: 0, flip: 'both' }, 'fed cba'],
  ['turned by 90, then mirrored', { rotation: 90, flip: 'horizontal' }, 'ad be cf'],
  ['turned by 270, then upside down', { rotation: 270, flip: 'vertical' }, 'ad be cf'],
];

test.each(cases)('raw pixels are %s', async (_name, turn, expected) => {
  const { size, rgb } = drawn('abc def');
  const turned = await turnPicture({ size, bytes: rgb, pixels: 'rgb24' }, turn);
  expect(turned.size).toEqual(drawn(expected).size);
  expect(turned.pixels).toBe('rgb24');
  expect(Buffer.from(turned.bytes).equals(drawn(expected).rgb)).toBe(true);
});

test.each(cases)('a JPEG is %s, and becomes raw pixels', async (_name, turn, expected) => {
  const { size, rgb } = drawn('abc def');
  const takenAt = new Date(5);
  const jpeg = await sharp(rgb, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 100 })
    .toBuffer();
  const turned = await turnPicture({ size, bytes: jpeg, takenAt }, turn);
  expect(turned).toMatchObject({ size: drawn(expected).size, pixels: 'rgb24', takenAt });
  const { rgb: wanted } = drawn(expected);
  expect(turned.bytes.length).toBe(wanted.length);
  expect(Math.max(...wanted.map((value, at) => Math.abs(value - turned.bytes[at]!)))).toBeLessThan(4);
});

test('a grey JPEG becomes three channels', async () => {
  const jpeg = await sharp(new Uint8Array(64).fill(90), { raw: { width: 8, height: 8, channels: 1 } })
    .jpeg()
    .toBuffer();
  const turned = await turnPicture(
    { size: { width: 8, height: 8 }, bytes: jpeg },
    { rotation: 90, flip: 'none' },
  );
  expect(turned.bytes.length).toBe(8 * 8 * 3);
});

test('a picture that need not be turned is returned unchanged', async () => {
  const { size, rgb } = drawn('ab');
  const picture = { size, bytes: rgb, pixels: 'rgb24' as const };
  expect(await turnPicture(picture, { rotation: 0, flip: 'none' })).toBe(picture);
});

// The EXIF orientation that makes a viewer show `abc def` from the stored picture.
const orientations: [number, string][] = [
  [1, 'abc def'],
  [2, 'cba fed'],
  [3, 'fed cba'],
  [4, 'def abc'],
  [5, 'ad be cf'],
  [6, 'cf be ad'],
  [7, 'fc eb da'],
  [8, 'da eb fc'],
];

test.each(orientations)('the EXIF orientation %i is applied before the turn', async (orientation, stored) => {
  const { size, rgb } = drawn(stored);
  const jpeg = await sharp(rgb, { raw: { ...size, channels: 3 } })
    .withMetadata({ orientation })
    .jpeg({ quality: 100 })
    .toBuffer();
  const picture = await encodedPicture(jpeg, 'no fault');
  expect(picture.size).toEqual(drawn('abc def').size);
  const turned = await turnPicture(picture, { rotation: 90, flip: 'none' });
  const wanted = drawn('da eb fc');
  expect(turned.size).toEqual(wanted.size);
  expect(Math.max(...wanted.rgb.map((value, at) => Math.abs(value - turned.bytes[at]!)))).toBeLessThan(4);
});

test('a picture above the maximum size is scaled down in proportion, any other is unchanged', async () => {
  const { size, rgb } = drawn('abc def'); // 48x32
  const picture = { size, bytes: rgb, pixels: 'rgb24' as const };
  const turn = { rotation: 0, flip: 'none' } as const;
  const small = await turnPicture(picture, { ...turn, maxSize: { width: 24, height: 24 } });
  expect(small.size).toEqual({ width: 24, height: 16 });
  expect(small.bytes.length).toBe(24 * 16 * 3);
  expect(await turnPicture(picture, { ...turn, maxSize: { width: 48, height: 32 } })).toBe(picture);
  const upright = await turnPicture(picture, { ...turn, rotation: 90, maxSize: { width: 48, height: 24 } });
  expect(upright.size).toEqual({ width: 16, height: 24 });
});
