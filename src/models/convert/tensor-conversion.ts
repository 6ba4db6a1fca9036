import { ConfigError } from '../../domain/errors.ts';
import { floatConversion } from './float-formats.ts';
import { bytesPerElement, type FloatType, type GgufTensor } from './gguf-writer.ts';
import type { StoredTensor } from './safetensors-file.ts';

/** A tensor is read and converted in slices of about this size, to bound the memory of a conversion. */
const sliceBytes = 8 << 20;

export interface TensorOptions {
  /**
   * The rows belong to q or k of this many heads. Hugging Face's layout rotates the halves of a head against each other,
   * llama.cpp's rotates neighbouring rows: they are interleaved, as in `permute` of llama.cpp's conversion.
   */
  readonly interleavedHeads?: number;
}

/**
 * Converts a checkpoint's tensor to one of a GGUF file.
 * @throws ConfigError if it has no floats; later, while it is read, if a value is too large for `type`
 */
export function convertedTensor(
  name: string,
  source: StoredTensor,
  type: FloatType,
  { interleavedHeads }: TensorOptions = {},
): GgufTensor {
  const { dtype, path, shape } = source;
  if (!isFloatType(dtype))
    throw new ConfigError(
      `${path}: tensor ${source.name} is of ${dtype}; only F32, F16 and BF16 can be converted; use the ` +
        'unquantised checkpoint',
    );
  const conversion = floatConversion(dtype, type);
  const unit = interleavedHeads === undefined ? 1 : elements(shape) / interleavedHeads;
  const columns = elements(shape.slice(1));

  async function* chunks(): AsyncGenerator<Uint8Array> {
    const total = elements(shape);
    // Whole heads if their rows are interleaved.
    const step = Math.max(1, Math.floor(sliceBytes / bytesPerElement.F32 / unit)) * unit;
    const largest = Math.min(step, total);
    const read = new Uint8Array(largest * bytesPerElement[dtype as FloatType]);
    const converted = conversion ? new Uint8Array(largest * bytesPerElement[type]) : read;
    const moved = interleavedHeads === undefined ? null : new Uint8Array(converted.length);
    for (let first = 0; first < total; first += step) {
      const count = Math.min(step, total - first);
      await source.read(
        read.subarray(0, count * bytesPerElement[dtype as FloatType]),
        first * bytesPerElement[dtype as FloatType],
      );
      if (conversion && !conversion(read, converted, count))
        throw new ConfigError(
          `${path}: tensor ${source.name} holds values beyond 65504, the max of ${type}; use --outtype bf16`,
        );
      const sizeBytes = count * bytesPerElement[type];
      if (moved) interleaveRows(converted, moved, sizeBytes, unit / columns, columns * bytesPerElement[type]);
      yield (moved ?? converted).subarray(0, sizeBytes);
    }
  }
  return { name, shape, type, chunks };
}

/** A small computed tensor. */
export function computedTensor(name: string, values: Float32Array): GgufTensor {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  return { name, shape: [values.length], type: 'F32', chunks };
}

/** Rows 0, 1, 2, ... of each head come from its rows 0, n/2, 1, n/2 + 1, ... */
function interleaveRows(
  from: Uint8Array,
  to: Uint8Array,
  sizeBytes: number,
  headRows: number,
  rowBytes: number,
): void {
  const headBytes = headRows * rowBytes;
  for (let head = 0; head < sizeBytes; head += headBytes) {
    for (let row = 0; row < headRows; row++) {
      const origin = head + ((row % 2) * (headRows / 2) + (row >> 1)) * rowBytes;
      to.set(from.subarray(origin, origin + rowBytes), head + row * rowBytes);
    }
  }
}

function isFloatType(dtype: string): dtype is FloatType {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
