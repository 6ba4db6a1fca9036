import { expect, test } from 'vitest';
import { loadV4l2Addon, type V4l2PixelFormat } from '../../src/camera/v4l2-addon.ts';

const { convert } = loadV4l2Addon();

/** Enums of linux/videodev2.h. */
const colorspaces = { smpte170m: 1, rec709: 3, jpeg: 7, srgb: 8, bt2020: 10 };
const encodings = { default: 0, bt601: 1, bt709: 2, xv709: 4, bt2020: 6 };
const quantizations = { default: 0, full: 1, limited: 2 };

type Rgb = readonly [number, number, number];
interface Meaning {
  /** The weights of red and blue in luma. */
  readonly kr: number;
  readonly kb: number;
  readonly isFull: boolean;
}

/** Written from the definition of Y'CbCr, in floating point. */
function rgbOf([y, cb, cr]: Rgb, { kr, kb, isFull }: Meaning): Rgb {
  const luma = isFull ? y / 255 : (y - 16) / 219;
  const blue = luma + ((2 - 2 * kb) * (cb - 128)) / (isFull ? 255 : 224);
  const red = luma + ((2 - 2 * kr) * (cr - 128)) / (isFull ? 255 : 224);
  const green = (luma - kr * red - kb * blue) / (1 - kr - kb);
  return [level(red), level(green), level(blue)];
}

const level = (value: number): number => Math.min(255, Math.max(0, 255 * value));

/** Repeatable numbers from 0 to 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Full-size planes of random levels, the chroma constant over blocks of 2 x `blockHeight` pixels. */
function randomYcbcr(width: number, height: number, blockHeight: 1 | 2, isFull: boolean) {
  const random = randomNumbers(width * 1000 + height);
  const chosen = new Map<string, number>();
  const chroma = (name: string, x: number, y: number): number => {
    const key = `${name} ${x >> 1} ${Math.floor(y / blockHeight)}`;
    if (!chosen.has(key))
      chosen.set(key, isFull ? Math.floor(random() * 256) : 16 + Math.floor(random() * 225));
    return chosen.get(key)!;
  };
  const pixels: Rgb[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const luma = isFull ? Math.floor(random() * 256) : 16 + Math.floor(random() * 220);
      pixels.push([luma, chroma('cb', x, y), chroma('cr', x, y)]);
    }
  return pixels;
}

/** Arranges the pixels in the format, lines padded with garbage to `bytesPerLine`. */
function layOut(
  fourcc: string,
  pixels: readonly Rgb[],
  width: number,
  height: number,
  bytesPerLine: number,
): Uint8Array {
  const at = (x: number, y: number): Rgb => pixels[Math.min(y, height - 1) * width + Math.min(x, width - 1)]!;
  const half = (value: number): number => Math.ceil(value / 2);
  const lines: number[] = [];
  const line = (bytes: number[], length: number): void => {
    lines.push(...bytes, ...new Array<number>(length - bytes.length).fill(99));
  };
  const each = <T>(count: number, make: (index: number) => T[]): T[] =>
    Array.from({ length: count }, (_, index) => make(index)).flat();
  const planar = ['NV12', 'NV21', 'YU12', 'GREY'].includes(fourcc);
  for (let y = 0; y < height; y++) {
    if (planar)
      line(
        each(width, (x) => [at(x, y)[0]]),
        bytesPerLine,
      );
    if (fourcc === 'YUYV')
      line(
        each(half(width), (x) => [at(2 * x, y)[0], at(2 * x, y)[1], at(2 * x + 1, y)[0], at(2 * x, y)[2]]),
        bytesPerLine,
      );
    if (fourcc === 'UYVY')
      line(
        each(half(width), (x) => [at(2 * x, y)[1], at(2 * x, y)[0], at(2 * x, y)[2], at(2 * x + 1, y)[0]]),
        bytesPerLine,
      );
    if (fourcc === 'RGB3')
      line(
        each(width, (x) => [...at(x, y)]),
        bytesPerLine,
      );
    if (fourcc === 'BGR3')
      line(
        each(width, (x) => at(x, y).toReversed()),
        bytesPerLine,
      );
  }
  const chroma = (take: (pixel: Rgb) => number[], length: number): void => {
    for (let y = 0; y < half(height); y++)
      line(
        each(half(width), (x) => take(at(2 * x, 2 * y))),
        length,
      );
  };
  if (fourcc === 'NV12') chroma(([, cb, cr]) => [cb, cr], Math.max(bytesPerLine, 2 * half(width)));
  if (fourcc === 'NV21') chroma(([, cb, cr]) => [cr, cb], Math.max(bytesPerLine, 2 * half(width)));
  if (fourcc === 'YU12') {
    chroma(([, cb]) => [cb], half(bytesPerLine));
    chroma(([, , cr]) => [cr], half(bytesPerLine));
  }
  return Uint8Array.from(lines);
}

/** The largest difference from the reference conversion. */
function maxError(rgb: Uint8Array, expected: readonly Rgb[]): number {
  expect(rgb.length).toBe(expected.length * 3);
  return Math.max(
    ...expected.flatMap((pixel, at) => pixel.map((value, c) => Math.abs(rgb[at * 3 + c]! - value))),
  );
}

const standards: [string, Partial<V4l2PixelFormat>, Meaning][] = [
  [
    'BT.601 limited, the default of webcams',
    { colorspace: colorspaces.srgb },
    { kr: 0.299, kb: 0.114, isFull: false },
  ],
  ['BT.601 full, as JPEG has it', { colorspace: colorspaces.jpeg }, { kr: 0.299, kb: 0.114, isFull: true }],
  [
    'BT.709 limited by its colourspace',
    { colorspace: colorspaces.rec709 },
    { kr: 0.2126, kb: 0.0722, isFull: false },
  ],
  [
    'BT.709 full, explicit',
    { colorspace: colorspaces.srgb, ycbcrEncoding: encodings.bt709, quantization: quantizations.full },
    { kr: 0.2126, kb: 0.0722, isFull: true },
  ],
  [
    'BT.601 explicit, against its colourspace',
    { colorspace: colorspaces.rec709, ycbcrEncoding: encodings.bt601, quantization: quantizations.limited },
    { kr: 0.299, kb: 0.114, isFull: false },
  ],
  ['xvYCC 709', { ycbcrEncoding: encodings.xv709 }, { kr: 0.2126, kb: 0.0722, isFull: false }],
  ['BT.2020 limited', { colorspace: colorspaces.bt2020 }, { kr: 0.2627, kb: 0.0593, isFull: false }],
];
const formats: [string, 1 | 2, (width: number) => number][] = [
  ['YUYV', 1, (width) => 4 * Math.ceil(width / 2)],
  ['UYVY', 1, (width) => 4 * Math.ceil(width / 2)],
  ['NV12', 2, (width) => width],
  ['NV21', 2, (width) => width],
  ['YU12', 2, (width) => width],
];

test.each(
  formats.flatMap(([fourcc, blockHeight, lineBytes]) =>
    standards.map(([name, fields, meaning]) => ({ fourcc, blockHeight, lineBytes, name, fields, meaning })),
  ),
)(
  '$fourcc, $name: within 3 levels of the definition',
  ({ fourcc, blockHeight, lineBytes, fields, meaning }) => {
    // A width that fills vector registers, an odd one, padding, and the smallest there is.
    for (const [width, height, padding] of [
      [64, 6, 0],
      [37, 5, 0],
      [50, 4, 14],
      [1, 1, 1],
    ] as const) {
      const pixels = randomYcbcr(width, height, blockHeight, meaning.isFull);
      const bytesPerLine = lineBytes(width) + padding;
      const bytes = layOut(fourcc, pixels, width, height, bytesPerLine);
      const format = {
        fourcc,
        width,
        height,
        bytesPerLine,
        colorspace: 0,
        ycbcrEncoding: 0,
        quantization: 0,
        ...fields,
      };
      const expected = pixels.map((pixel) => rgbOf(pixel, meaning));
      expect(maxError(convert(format, bytes), expected), `${width}x${height}`).toBeLessThan(3);
    }
  },
);

const plain = {
  fourcc: 'RGB3',
  width: 21,
  height: 3,
  colorspace: colorspaces.srgb,
  ycbcrEncoding: 0,
  quantization: 0,
};

test.each(['RGB3', 'BGR3'])('%s comes out byte for byte, without its padding', (fourcc) => {
  const pixels = randomYcbcr(21, 3, 1, true);
  const bytes = layOut(fourcc, pixels, 21, 3, 64);
  expect(convert({ ...plain, fourcc, bytesPerLine: 64 }, bytes)).toEqual(Uint8Array.from(pixels.flat()));
});

test.each([
  ['RGB3', quantizations.limited],
  ['GREY', quantizations.limited],
])('%s with limited levels (quantization %i) is stretched', (fourcc, quantization) => {
  const levels = [0, 16, 17, 126, 234, 235, 255];
  const pixels = levels.map((value): Rgb => [value, value, value]);
  const bytes = layOut(fourcc, pixels, 7, 1, fourcc === 'GREY' ? 7 : 21);
  const rgb = convert({ ...plain, fourcc, width: 7, height: 1, bytesPerLine: 0, quantization }, bytes);
  const expected = [0, 0, 1, 128, 254, 255, 255];
  expect([...rgb]).toEqual(expected.flatMap((value) => [value, value, value]));
});

test.each([
  ['by default', quantizations.default],
  ['explicit', quantizations.full],
])('GREY with full levels, %s, stays as it is', (_name, quantization) => {
  const bytes = Uint8Array.of(0, 16, 200, 255);
  const format = {
    ...plain,
    fourcc: 'GREY',
    width: 2,
    height: 2,
    bytesPerLine: 2,
    quantization,
  };
  expect([...convert(format, bytes)]).toEqual([0, 0, 0, 16, 16, 16, 200, 200, 200, 255, 255, 255]);
});

test.each([
  [{ fourcc: 'MJPG' }, 12, /cannot be converted/],
  [{ fourcc: 'YUYV' }, 41, /takes 264 bytes; there are 41/],
  [{ fourcc: 'YU12', width: 0 }, 12, /width must be/],
  [{ fourcc: 'YUV' }, 12, /fourcc must be four characters/],
])('a format that cannot be converted is refused: %o', (fields, size, message) => {
  const format = { ...plain, bytesPerLine: 88, ...fields };
  expect(() => convert(format, new Uint8Array(size))).toThrow(message);
  expect(() => convert(format, new Uint8Array(size))).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});
