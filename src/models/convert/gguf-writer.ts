import { open } from 'node:fs/promises';
import { ScenecastError } from '../../domain/errors.ts';

// GGUF version 3, little-endian: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

type ScalarType = 'u32' | 'i32' | 'f32' | 'bool' | 'string';
type Scalar = number | boolean | string;

/** One metadata value, or an array of them of one type. */
export interface GgufValue {
  readonly type: ScalarType;
  readonly value: Scalar | readonly Scalar[];
}

export const u32 = (value: number | readonly number[]): GgufValue => ({ type: 'u32', value });
export const i32 = (value: number | readonly number[]): GgufValue => ({ type: 'i32', value });
export const f32 = (value: number | readonly number[]): GgufValue => ({ type: 'f32', value });
export const bool = (value: boolean): GgufValue => ({ type: 'bool', value });
export const text = (value: string | readonly string[]): GgufValue => ({ type: 'string', value });

export type GgufMetadata = Readonly<Record<string, GgufValue>>;
export type FloatType = 'F32' | 'F16' | 'BF16';
/** Quantised types split rows into blocks of 32 (Q4_0, Q8_0) or 256 elements. */
export type TensorType = FloatType | 'Q4_0' | 'Q8_0' | 'Q4_K' | 'Q5_K' | 'Q6_K';

export interface GgufTensorInfo {
  readonly name: string;
  /** Slowest dimension first, as PyTorch prints it: a matrix is [outputs, inputs]. */
  readonly shape: readonly number[];
  readonly type: TensorType;
}

/** A tensor whose bytes are produced only when the file reaches it. */
export interface GgufTensor extends GgufTensorInfo {
  /** The bytes in order, in pieces of any size. A piece may be reused once the next one is asked for. */
  chunks(): AsyncIterable<Uint8Array>;
}

export interface GgufContent {
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
}

export interface WriteOptions {
  /** Called after each piece with the bytes written so far. */
  readonly onProgress?: (writtenBytes: number) => void;
  readonly signal?: AbortSignal;
}

const alignmentBytes = 32;
const metadataTypes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8 };
const arrayType = 9;
/** ggml's numbers of the types. */
const tensorTypes = { F32: 0, F16: 1, BF16: 30, Q4_0: 2, Q8_0: 8, Q4_K: 12, Q5_K: 13, Q6_K: 14 };
export const bytesPerElement = {
  ...{ F32: 4, F16: 2, BF16: 2 },
  ...{ Q4_0: 18 / 32, Q8_0: 34 / 32, Q4_K: 144 / 256, Q5_K: 176 / 256, Q6_K: 210 / 256 },
} as const;

/** Bytes of a tensor's data, without the padding after it. */
export function tensorSizeBytes({ shape, type }: Pick<GgufTensorInfo, 'shape' | 'type'>): number {
  return shape.reduce((product, side) => product * side, bytesPerElement[type]);
}

/** Bytes of the whole file. */
export function ggufSizeBytes(metadata: GgufMetadata, tensors: readonly GgufTensorInfo[]): number {
  const dataBytes = tensors.reduce((sum, tensor) => sum + padded(tensorSizeBytes(tensor)), 0);
  return encodeGgufHeader(metadata, tensors).length + dataBytes;
}

/** Everything before the tensors' data, padded to the data's start. */
export function encodeGgufHeader(metadata: GgufMetadata, tensors: readonly GgufTensorInfo[]): Buffer {
  const header = new ByteWriter();
  header.bytes(Buffer.from('GGUF'));
  header.u32(3);
  header.u64(tensors.length);
  const entries = Object.entries(metadata);
  header.u64(entries.length);
  for (const [key, value] of entries) {
    header.string(key);
    header.value(value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    header.string(tensor.name);
    header.u32(tensor.shape.length);
    for (const side of tensor.shape.toReversed()) header.u64(side);
    header.u32(tensorTypes[tensor.type]);
    header.u64(offset);
    offset += padded(tensorSizeBytes(tensor));
  }
  return header.finish();
}

/**
 * Writes a GGUF file tensor by tensor and syncs it; holds only the header and one piece in memory. Overwrites `path`;
 * after an error an incomplete file is left there.
 * @returns bytes of the file
 * @throws ScenecastError if a tensor gives more or fewer bytes than its shape says; the reason of `signal`
 */
export async function writeGguf(
  path: string,
  { metadata, tensors }: GgufContent,
  { onProgress = () => {}, signal }: WriteOptions = {},
): Promise<number> {
  await using file = await open(path, 'w');
  let written = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    signal?.throwIfAborted();
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, written);
      done += bytesWritten;
      written += bytesWritten;
    }
    onProgress(written);
  };
  await write(encodeGgufHeader(metadata, tensors));
  for (const tensor of tensors) {
    const begin = written;
    const sizeBytes = tensorSizeBytes(tensor);
    for await (const chunk of tensor.chunks()) await write(chunk);
    if (written - begin !== sizeBytes)
      throw new ScenecastError(
        `${path}: tensor ${tensor.name} has ${written - begin} bytes, its shape ${tensor.shape.join('x')} ` +
          `needs ${sizeBytes}`,
      );
    await write(Buffer.alloc(padded(sizeBytes) - sizeBytes));
  }
  await file.sync();
  return written;
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / alignmentBytes) * alignmentBytes;
}

/** Appends little-endian values to a buffer that grows: a vocabulary has some 100,000 of them. */
class ByteWriter {
  private buffer = Buffer.alloc(1 << 16);
  private length = 0;

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  u32(value: number): void {
    this.reserve(4);
    this.length = this.buffer.writeUInt32LE(value, this.length);
  }

  u64(value: number): void {
    this.reserve(8);
    this.length = this.buffer.writeBigUInt64LE(BigInt(value), this.length);
  }

  string(value: string): void {
    const bytes = Buffer.from(value);
    this.u64(bytes.length);
    this.bytes(bytes);
  }

  value({ type, value }: GgufValue): void {
    if (!Array.isArray(value)) {
      this.u32(metadataTypes[type]);
      this.scalar(type, value as Scalar);
      return;
    }
    this.u32(arrayType);
    this.u32(metadataTypes[type]);
    this.u64(value.length);
    for (const item of value) this.scalar(type, item);
  }

  finish(): Buffer {
    this.bytes(Buffer.alloc(padded(this.length) - this.length));
    return this.buffer.subarray(0, this.length);
  }

  private scalar(type: ScalarType, value: Scalar): void {
    this.reserve(4);
    if (type === 'string') this.string(String(value));
    else if (type === 'bool') this.bytes(Uint8Array.of(value ? 1 : 0));
    else if (type === 'f32') this.length = this.buffer.writeFloatLE(Number(value), this.length);
    else if (type === 'i32') this.length = this.buffer.writeInt32LE(Number(value), this.length);
    else this.u32(Number(value));
  }

  private reserve(sizeBytes: number): void {
    if (this.length + sizeBytes <= this.buffer.length) return;
    const larger = Buffer.alloc(Math.max(2 * this.buffer.length, this.length + sizeBytes));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
