import type { FloatType } from './gguf-writer.ts';

// Conversions between the float formats of checkpoints and GGUF files, on bit patterns: exact if the target can hold
// the value, else rounded to the nearest (ties to even), as numpy and ggml do. Both file formats and all supported
// boards are little-endian, so typed arrays read the files' values directly.

/** Converts `count` values from the start of `source` into the start of `target`; false if one is too large for it. */
export type FloatConversion = (source: Uint8Array, target: Uint8Array, count: number) => boolean;

/** The conversion from one format to another, or null where they are the same. */
export function floatConversion(from: FloatType, to: FloatType): FloatConversion | null {
  if (from === to) return null;
  if (from === 'F32') return to === 'F16' ? singlesToHalves : singlesToBrains;
  const table = tableOf(from, to);
  if (to !== 'F16') return (source, target, count) => lookUp(table, source, target, count);
  return (source, target, count) => {
    lookUp(table, source, target, count);
    return !hasOverflown(halves(source, count), halves(target, count));
  };
}

/** The bits of the half-precision float nearest to the single-precision one with these bits. */
export function halfOfSingle(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000)
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // Below the smallest normal half: a whole number of 2^-24, down to where even one half of it rounds to zero.
  const exponent = magnitude >>> 23;
  if (exponent < 102) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const kept = mantissa >>> shift;
  const lost = mantissa & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (lost > middle || (lost === middle && (kept & 1) === 1) ? kept + 1 : kept);
}

/** The bits of the single-precision float equal to the half-precision one with these bits. */
export function singleOfHalf(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  if (mantissa === 0) return sign >>> 0;
  // A subnormal half, a whole number of 2^-24, is a normal single.
  const top = 31 - Math.clz32(mantissa);
  return (sign | ((top + 103) << 23) | ((mantissa << (23 - top)) & 0x7fffff)) >>> 0;
}

/** The bits of the bfloat16 nearest to the single-precision float with these bits; NaNs are made quiet, as in ggml. */
export function brainOfSingle(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 64;
  // Not by adding to the bits: for a negative number the sum can overflow 32 bits.
  const high = bits >>> 16;
  const low = bits & 0xffff;
  return high + (low > 0x8000 || (low === 0x8000 && (high & 1) === 1) ? 1 : 0);
}

function singlesToHalves(source: Uint8Array, target: Uint8Array, count: number): boolean {
  const from = singles(source, count);
  const to = halves(target, count);
  let fits = true;
  for (let i = 0; i < count; i++) {
    const half = halfOfSingle(from[i]!);
    if ((half & 0x7fff) === 0x7c00 && (from[i]! & 0x7fffffff) !== 0x7f800000) fits = false;
    to[i] = half;
  }
  return fits;
}

function singlesToBrains(source: Uint8Array, target: Uint8Array, count: number): boolean {
  const from = singles(source, count);
  const to = halves(target, count);
  for (let i = 0; i < count; i++) to[i] = brainOfSingle(from[i]!);
  return true;
}

const tables = new Map<string, Uint16Array | Uint32Array>();

/** The other format's bits for each of the 65,536 bit patterns of a 16-bit format: much faster than computing them. */
function tableOf(from: FloatType, to: FloatType): Uint16Array | Uint32Array {
  const key = `${from} ${to}`;
  const known = tables.get(key);
  if (known) return known;
  const single = (bits: number): number => (from === 'F16' ? singleOfHalf(bits) : (bits << 16) >>> 0);
  const table = to === 'F32' ? new Uint32Array(1 << 16) : new Uint16Array(1 << 16);
  for (let bits = 0; bits < table.length; bits++) {
    const value = single(bits);
    table[bits] = to === 'F32' ? value : to === 'F16' ? halfOfSingle(value) : brainOfSingle(value);
  }
  tables.set(key, table);
  return table;
}

function lookUp(
  table: Uint16Array | Uint32Array,
  source: Uint8Array,
  target: Uint8Array,
  count: number,
): true {
  const from = halves(source, count);
  const to = table instanceof Uint32Array ? singles(target, count) : halves(target, count);
  for (let i = 0; i < count; i++) to[i] = table[from[i]!]!;
  return true;
}

/** Whether a finite bfloat16 became an infinite half. */
function hasOverflown(brains: Uint16Array, results: Uint16Array): boolean {
  for (let i = 0; i < results.length; i++)
    if ((results[i]! & 0x7fff) === 0x7c00 && (brains[i]! & 0x7fff) !== 0x7f80) return true;
  return false;
}

function halves(bytes: Uint8Array, count: number): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
}

function singles(bytes: Uint8Array, count: number): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
}
