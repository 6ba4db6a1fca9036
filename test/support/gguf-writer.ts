import { writeFileSync } from 'node:fs';

// Writes GGUF version 3 files: enough of the format for models made in tests.

type ScalarType = 'u32' | 'i32' | 'f32' | 'bool' | 'string';
type Scalar = number | boolean | string;

export interface GgufValue {
  readonly type: ScalarType;
  readonly value: Scalar | readonly Scalar[];
}

export const u32 = (value: number | readonly number[]): GgufValue => ({ type: 'u32', value });
export const i32 = (value: number | readonly number[]): GgufValue => ({ type: 'i32', value });
export const f32 = (value: number | readonly number[]): GgufValue => ({ type: 'f32', value });
export const bool = (value: boolean): GgufValue => ({ type: 'bool', value });
export const text = (value: string | readonly string[]): GgufValue => ({ type: 'string', value });

export interface GgufTensor {
  /** Slowest dimension first, as PyTorch prints it: a matrix is [outputs, inputs]. */
  readonly shape: readonly number[];
  /** Default f32; f16 rounds the values. */
  readonly type?: 'f32' | 'f16';
  readonly values: Float32Array;
}

export interface GgufContent {
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: Readonly<Record<string, GgufTensor>>;
}

const alignment = 32;
const metadataTypes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8 };
const arrayType = 9;
const tensorTypes = { f32: 0, f16: 1 };

export function writeGguf(path: string, content: GgufContent): void {
  writeFileSync(path, encodeGguf(content));
}

/** The file's bytes. */
export function encodeGguf({ metadata, tensors }: GgufContent): Buffer {
  const header = [
    Buffer.from('GGUF'),
    uint32(3),
    uint64(Object.keys(tensors).length),
    uint64(Object.keys(metadata).length),
    ...Object.entries(metadata).flatMap(([key, value]) => [string(key), metadataValue(value)]),
  ];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, { shape, type = 'f32', values }] of Object.entries(tensors)) {
    const size = shape.reduce((product, side) => product * side, 1);
    if (size !== values.length)
      throw new RangeError(`${name}: ${values.length} values for ${shape.join('x')}`);
    const dimensions = shape.toReversed();
    header.push(string(name), uint32(shape.length), ...dimensions.map(uint64));
    header.push(uint32(tensorTypes[type]), uint64(offset));
    const bytes = aligned(
      type === 'f16' ? Buffer.from(Uint16Array.from(values, toHalf).buffer) : bytesOf(values),
    );
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([aligned(Buffer.concat(header)), ...data]);
}

function metadataValue({ type, value }: GgufValue): Buffer {
  if (!Array.isArray(value))
    return Buffer.concat([uint32(metadataTypes[type]), scalar(type, value as Scalar)]);
  const items = value.map((item: Scalar) => scalar(type, item));
  return Buffer.concat([uint32(arrayType), uint32(metadataTypes[type]), uint64(items.length), ...items]);
}

function scalar(type: ScalarType, value: Scalar): Buffer {
  switch (type) {
    case 'string':
      return string(String(value));
    case 'bool':
      return Buffer.from([value ? 1 : 0]);
    case 'f32':
      return bytesOf(Float32Array.of(Number(value)));
    case 'i32':
      return Buffer.from(Int32Array.of(Number(value)).buffer);
    case 'u32':
      return uint32(Number(value));
  }
}

function uint32(value: number): Buffer {
  return Buffer.from(Uint32Array.of(value).buffer);
}

function uint64(value: number): Buffer {
  return Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function aligned(bytes: Buffer): Buffer {
  const rest = bytes.length % alignment;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(alignment - rest)]);
}

/** The bits of the nearest half-precision float (ties to even); subnormals become zero. */
export function toHalf(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign;
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The value of a half-precision float that is not subnormal. */
export function fromHalf(half: number): number {
  if ((half & 0x7fff) === 0) return 0;
  return (half & 0x8000 ? -1 : 1) * 2 ** (((half >>> 10) & 0x1f) - 15) * (1 + (half & 0x3ff) / 1024);
}
