import { writeFileSync } from 'node:fs';
import { encodeGgufHeader, type GgufMetadata } from '../../src/models/convert/gguf-writer.ts';

// Writes small GGUF files from tensor values, for the models of tests.

export { bool, f32, type GgufValue, i32, text, u32 } from '../../src/models/convert/gguf-writer.ts';

export interface GgufTensor {
  /** Slowest dimension first, as PyTorch prints it: a matrix is [outputs, inputs]. */
  readonly shape: readonly number[];
  /** Default f32; f16 rounds the values. */
  readonly type?: 'f32' | 'f16';
  readonly values: Float32Array;
}

export interface GgufContent {
  readonly metadata: GgufMetadata;
  readonly tensors: Readonly<Record<string, GgufTensor>>;
}

const alignment = 32;

export function writeGguf(path: string, content: GgufContent): void {
  writeFileSync(path, encodeGguf(content));
}

/** The file's bytes. */
export function encodeGguf({ metadata, tensors }: GgufContent): Buffer {
  const entries = Object.entries(tensors);
  const infos = entries.map(([name, { shape, type = 'f32' }]) => {
    return { name, shape, type: type === 'f16' ? 'F16' : 'F32' } as const;
  });
  const data = entries.map(([name, { shape, type, values }]) => {
    const size = shape.reduce((product, side) => product * side, 1);
    if (size !== values.length)
      throw new RangeError(`${name}: ${values.length} values for ${shape.join('x')}`);
    return aligned(type === 'f16' ? Buffer.from(Uint16Array.from(values, toHalf).buffer) : bytesOf(values));
  });
  return Buffer.concat([encodeGgufHeader(metadata, infos), ...data]);
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
