import { readFileSync } from 'node:fs';
import type { TensorType } from '../../src/models/convert/gguf-writer.ts';

// Reads whole GGUF version 3 files, to check written ones.

export interface ReadTensor {
  /** Slowest dimension first. */
  readonly shape: readonly number[];
  readonly type: TensorType;
  readonly bytes: Buffer;
}

export interface ReadGguf {
  /** Values, each with GGUF's number of its type; an array has [9, the number of its items]. */
  readonly metadata: ReadonlyMap<string, { readonly type: readonly number[]; readonly value: unknown }>;
  readonly tensors: ReadonlyMap<string, ReadTensor>;
}

/** By ggml's number: the name, and the bytes of an element. */
const typeNames: Readonly<Record<number, { name: TensorType; sizeBytes: number }>> = {
  0: { name: 'F32', sizeBytes: 4 },
  1: { name: 'F16', sizeBytes: 2 },
  2: { name: 'Q4_0', sizeBytes: 18 / 32 },
  8: { name: 'Q8_0', sizeBytes: 34 / 32 },
  30: { name: 'BF16', sizeBytes: 2 },
};

/** @throws Error if the file has another format, or a tensor another type */
export function readGguf(path: string): ReadGguf {
  const bytes = readFileSync(path);
  let at = 4;
  /** Where the next `sizeBytes` bytes begin. */
  const next = (sizeBytes: number): number => {
    at += sizeBytes;
    return at - sizeBytes;
  };
  const u32 = (): number => bytes.readUInt32LE(next(4));
  const u64 = (): number => Number(bytes.readBigUInt64LE(next(8)));
  const string = (): string => {
    const begin = next(u64());
    return bytes.toString('utf8', begin, at);
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return bytes.readInt32LE(next(4));
    if (type === 6) return bytes.readFloatLE(next(4));
    if (type === 7) return bytes[next(1)] === 1;
    if (type === 8) return string();
    throw new Error(`metadata type ${type}`);
  };
  if (bytes.toString('latin1', 0, 4) !== 'GGUF') throw new Error(`${path}: no GGUF`);
  if (u32() !== 3) throw new Error(`${path}: not version 3`);
  const tensorCount = u64();
  const metadataCount = u64();
  const metadata = new Map<string, { type: number[]; value: unknown }>();
  for (let index = 0; index < metadataCount; index++) {
    const key = string();
    const type = u32();
    if (type !== 9) {
      metadata.set(key, { type: [type], value: value(type) });
      continue;
    }
    const item = u32();
    const length = u64();
    metadata.set(key, { type: [9, item], value: Array.from({ length }, () => value(item)) });
  }
  const infos = Array.from({ length: tensorCount }, () => {
    const name = string();
    const sides = Array.from({ length: u32() }, u64).reverse();
    return { name, shape: sides, type: typeNames[u32()]!, offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  const tensors = new Map<string, ReadTensor>();
  for (const { name, shape, type, offset } of infos) {
    const size = shape.reduce((product, side) => product * side, type.sizeBytes);
    const data = bytes.subarray(start + offset, start + offset + size);
    if (data.length !== size || offset % 32 !== 0)
      throw new Error(`${path}: ${name} is cut short or not aligned`);
    tensors.set(name, { shape, type: type.name, bytes: data });
  }
  return { metadata, tensors };
}

/** A file's metadata as plain values. */
export function metadataOf(path: string): Record<string, unknown> {
  return Object.fromEntries([...readGguf(path).metadata].map(([key, { value }]) => [key, value]));
}
