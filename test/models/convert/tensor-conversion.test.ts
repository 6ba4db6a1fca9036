import { expect, test } from 'vitest';
import type { FloatType } from '../../../src/models/convert/gguf-writer.ts';
import type { StoredTensor } from '../../../src/models/convert/safetensors-file.ts';
import { convertedTensor, type TensorOptions } from '../../../src/models/convert/tensor-conversion.ts';

// Tensors larger than the slices in which they are converted.

/** A tensor whose i-th bfloat16 has the bits i modulo 16,256: small positive numbers. */
function stored(shape: readonly number[]): StoredTensor & { readonly largestRead: () => number } {
  const size = shape.reduce((product, side) => product * side, 1);
  const values = new Uint16Array(size);
  for (let index = 0; index < size; index++) values[index] = index % 0x3f80;
  const bytes = new Uint8Array(values.buffer);
  let largest = 0;
  return {
    name: 'large',
    path: 'model.safetensors',
    shape,
    dtype: 'BF16',
    sizeBytes: bytes.length,
    read: async (target, offset) => {
      largest = Math.max(largest, target.length);
      target.set(bytes.subarray(offset, offset + target.length));
    },
    largestRead: () => largest,
  };
}

async function converted(source: StoredTensor, type: FloatType, options?: TensorOptions): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of convertedTensor('t', source, type, options).chunks()) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

test('a tensor of several slices and a rest is whole', async () => {
  const source = stored([1031, 4099]);
  const values = new Float32Array(new Uint8Array(await converted(source, 'F32')).buffer);
  expect(values.length).toBe(1031 * 4099);
  const bits = new Uint32Array(values.buffer);
  let wrong = 0;
  for (let index = 0; index < bits.length; index++) if (bits[index] !== (index % 0x3f80) * 65_536) wrong++;
  expect(wrong).toBe(0);
  expect(source.largestRead()).toBeLessThanOrEqual(4 << 20);
});

test.each([
  [64, 48, 1024],
  [2, 2500, 1024],
])(
  '%i heads of %i rows of %i are interleaved, also where they fill several slices',
  async (heads, headRows, columns) => {
    const source = stored([heads * headRows, columns]);
    const rows = new Uint16Array(
      new Uint8Array(await converted(source, 'BF16', { interleavedHeads: heads })).buffer,
    );
    const wrong: number[] = [];
    for (let row = 0; row < heads * headRows; row++) {
      const head = Math.floor(row / headRows);
      const within = row % headRows;
      const origin = head * headRows + (within % 2) * (headRows / 2) + Math.floor(within / 2);
      const isRight =
        rows[row * columns] === (origin * columns) % 0x3f80 &&
        rows[row * columns + columns - 1] === (origin * columns + columns - 1) % 0x3f80;
      if (!isRight) wrong.push(row);
    }
    expect(wrong).toEqual([]);
  },
);
