import { expect, test } from 'vitest';
import { expandToSquare, paddingColour } from '../../../src/vision/picture/single-tile.ts';

const colour = [1, 2, 3];

test('a wide picture is centred, with the odd row of padding below', () => {
  const rgb = Uint8Array.of(10, 10, 10, 20, 20, 20);
  const [a, b, p] = [[10, 10, 10], [20, 20, 20], colour];
  expect([...expandToSquare(rgb, { width: 2, height: 1 }, colour)]).toEqual([...a, ...b, ...p, ...p]);
  const wide = Uint8Array.from({ length: 4 * 3 }, (_, index) => 50 + index);
  const square = expandToSquare(wide, { width: 4, height: 1 }, colour);
  const rows = [0, 1, 2, 3].map((y) => [...square.subarray(y * 12, (y + 1) * 12)]);
  const padding = [...colour, ...colour, ...colour, ...colour];
  expect(rows).toEqual([padding, [...wide], padding, padding]); // (4 - 1) // 2 = 1 above
});

test('a tall picture is centred too', () => {
  const tall = Uint8Array.from({ length: 3 * 3 }, (_, index) => 50 + index);
  const square = expandToSquare(tall, { width: 1, height: 3 }, colour);
  for (const y of [0, 1, 2]) {
    expect([...square.subarray(y * 9, (y + 1) * 9)]).toEqual([
      ...colour,
      ...tall.subarray(y * 3, (y + 1) * 3),
      ...colour,
    ]);
  }
});

test('a square picture is unchanged', () => {
  const rgb = Uint8Array.from({ length: 12 }, (_, index) => index);
  expect(expandToSquare(rgb, { width: 2, height: 2 }, colour)).toEqual(rgb);
});

test('the padding is the mean, truncated as in LLaVA', () => {
  expect(paddingColour([0.48145466, 0.4578275, 0.40821073])).toEqual([122, 116, 104]);
  expect(paddingColour([0.5, 0.5, 0.5])).toEqual([127, 127, 127]);
});

test('bytes of another size are refused', () => {
  expect(() => expandToSquare(new Uint8Array(5), { width: 2, height: 1 }, colour)).toThrow(RangeError);
});
