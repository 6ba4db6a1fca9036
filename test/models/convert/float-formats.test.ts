import { expect, test } from 'vitest';
import {
  brainOfSingle,
  floatConversion,
  halfOfSingle,
  singleOfHalf,
} from '../../../src/models/convert/float-formats.ts';
import type { FloatType } from '../../../src/models/convert/gguf-writer.ts';

/** The JavaScript engine's own halves, for comparison. */
const { setFloat16, getFloat16 } = DataView.prototype as unknown as {
  setFloat16: (this: DataView, offset: number, value: number, littleEndian: boolean) => void;
  getFloat16: (this: DataView, offset: number, littleEndian: boolean) => number;
};
const view = new DataView(new ArrayBuffer(4));

function singleOf(bits: number): number {
  view.setUint32(0, bits, true);
  return view.getFloat32(0, true);
}

/** Bits of floats of all sizes, with all the ties and borders of the half format. */
const singles: readonly number[] = (() => {
  const bits: number[] = [];
  for (let half = 0; half < 0x7c00; half++) {
    const lower = singleOfHalf(half);
    const upper = singleOfHalf(half + 1);
    const middle = Math.floor((lower + upper) / 2);
    bits.push(lower, middle - 1, middle, middle + 1);
  }
  for (let step = 0; step < 50_000; step++) bits.push(Math.imul(step, 2654435761) >>> 1);
  return bits.flatMap((each) => [each, (each | 0x80000000) >>> 0]);
})();

test('singles become the nearest half', () => {
  const wrong = singles.filter((bits) => {
    const value = singleOf(bits);
    setFloat16.call(view, 0, value, true);
    const half = halfOfSingle(bits);
    return Number.isNaN(value) ? (half & 0x7fff) <= 0x7c00 : half !== view.getUint16(0, true);
  });
  expect(wrong).toEqual([]);
});

test('every half becomes the single that equals it', () => {
  for (let half = 0; half < 0x10000; half++) {
    view.setUint16(0, half, true);
    const expected = getFloat16.call(view, 0, true);
    const bits = singleOfHalf(half);
    expect(Object.is(singleOf(bits), expected), half.toString(16)).toBe(true);
  }
});

test.each([
  [0x3f800000, 0x3f80],
  [0x3f808000, 0x3f80], // a tie goes to the even one
  [0x3f818000, 0x3f82],
  [0x3f808001, 0x3f81],
  [0xbf80ffff, 0xbf81],
  [0x7f7fffff, 0x7f80], // the largest single rounds to infinity
  [0x7f800001, 0x7fc0], // a NaN stays one
])('%i becomes the nearest bfloat16', (bits, expected) => {
  expect(brainOfSingle(bits)).toBe(expected);
});

test.each([
  ['F16', 'BF16', [0x3c00, 0xc248, 0x0001], [0x3f80, 0xc049, 0x3380]],
  ['BF16', 'F16', [0x3f80, 0xc049, 0x3380], [0x3c00, 0xc248, 0x0001]],
] as [FloatType, FloatType, number[], number[]][])('%s is converted to %s', (from, to, source, expected) => {
  const target = new Uint8Array(6);
  expect(floatConversion(from, to)!(bytesOf(source), target, 3)).toBe(true);
  expect([...new Uint16Array(target.buffer)]).toEqual(expected);
});

test('values too large for a half are reported; infinities are not', () => {
  const fromBrain = floatConversion('BF16', 'F16')!;
  expect(fromBrain(bytesOf([0x3f80, 0x4780]), new Uint8Array(4), 2)).toBe(false);
  expect(fromBrain(bytesOf([0x3f80, 0xff80]), new Uint8Array(4), 2)).toBe(true);
  const fromSingle = floatConversion('F32', 'F16')!;
  expect(fromSingle(new Uint8Array(Float32Array.of(1, -65520).buffer), new Uint8Array(4), 2)).toBe(false);
  expect(fromSingle(new Uint8Array(Float32Array.of(65519, Infinity).buffer), new Uint8Array(4), 2)).toBe(
    true,
  );
});

function bytesOf(values: number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}
