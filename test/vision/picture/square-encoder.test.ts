import { expect, test } from 'vitest';
import type { MtmdEngine } from '../../../src/vision/native/mtmd-engine.ts';
import { SquareEncoder } from '../../../src/vision/picture/square-encoder.ts';

const never = new AbortController().signal;

/** An encoder of squares of one byte, and the bytes that reached the engine: all, and those whose attention it gave. */
function encoderOf(): { encoder: SquareEncoder; encoded: number[]; attended: number[] } {
  const encoded: number[] = [];
  const attended: number[] = [];
  const engine = {
    encodeTile: async (rgb: Uint8Array) => {
      encoded.push(rgb[0]!);
      return Float32Array.of(rgb[0]! * 2);
    },
    encodeAttendedTile: async (rgb: Uint8Array) => {
      attended.push(rgb[0]!);
      return { embeddings: await engine.encodeTile(rgb), classAttention: Float32Array.of(rgb[0]! * 3) };
    },
  };
  return { encoder: new SquareEncoder(engine as unknown as MtmdEngine), encoded, attended };
}

/** What the engine encoded of a picture. */
async function encodedOf(
  { encoder, encoded }: ReturnType<typeof encoderOf>,
  squares: readonly number[],
  isInterrupted = false,
): Promise<number[]> {
  encoded.length = 0;
  for (const byte of squares) {
    const embeddings = await encoder.encode(Uint8Array.of(byte), never);
    expect(embeddings).toEqual(Float32Array.of(byte * 2));
  }
  encoder.endPicture(isInterrupted);
  return [...encoded];
}

test('squares that were in two pictures are not encoded again', async () => {
  const encoder = encoderOf();
  expect(await encodedOf(encoder, [1, 50, 51])).toEqual([1, 50, 51]);
  expect(await encodedOf(encoder, [2, 50, 51])).toEqual([2, 50, 51]);
  expect(await encodedOf(encoder, [3, 50, 51])).toEqual([3]);
  expect(await encodedOf(encoder, [4, 51, 50])).toEqual([4]);
});

test('equal squares of one picture are encoded once', async () => {
  expect(await encodedOf(encoderOf(), [1, 0, 0, 2, 0])).toEqual([1, 0, 2]);
});

test('cameras that take turns keep their squares', async () => {
  const encoder = encoderOf();
  for (const first of [1, 2]) {
    await encodedOf(encoder, [first, 50]);
    await encodedOf(encoder, [first + 10, 60]);
  }
  expect(await encodedOf(encoder, [3, 50])).toEqual([3]);
  expect(await encodedOf(encoder, [13, 60])).toEqual([13]);
});

test('all squares of an interrupted picture are kept for the next time, as far as they were encoded', async () => {
  const encoder = encoderOf();
  await encodedOf(encoder, [1, 2, 3], true);
  expect(await encodedOf(encoder, [4, 5, 6, 7])).toEqual([4, 5, 6, 7]);
  expect(await encodedOf(encoder, [1, 2, 3, 8])).toEqual([8]);
});

test('no more squares are kept than the largest picture had; the least recently used are dropped', async () => {
  const encoder = encoderOf();
  for (let times = 0; times < 2; times++) await encodedOf(encoder, [1, 2]);
  for (let times = 0; times < 2; times++) await encodedOf(encoder, [2, 3]);
  expect(await encodedOf(encoder, [2, 3])).toEqual([]);
  expect(await encodedOf(encoder, [1])).toEqual([1]);
});

test('a square whose attention was asked for is not encoded again, in its picture or a later one', async () => {
  const { encoder, encoded, attended } = encoderOf();
  for (let times = 0; times < 3; times++) {
    expect(await encoder.attend(Uint8Array.of(7), never)).toEqual(Float32Array.of(21));
    expect(await encoder.encode(Uint8Array.of(7), never)).toEqual(Float32Array.of(14));
    encoder.endPicture(false);
  }
  expect([encoded, attended]).toEqual([
    [7, 7],
    [7, 7],
  ]);
});

test('a square that is kept without its attention is encoded once more for that', async () => {
  const { encoder, encoded, attended } = encoderOf();
  await encoder.encode(Uint8Array.of(7), never);
  encoder.endPicture(true);
  for (let times = 0; times < 2; times++)
    expect(await encoder.attend(Uint8Array.of(7), never)).toEqual(Float32Array.of(21));
  expect([encoded, attended]).toEqual([[7, 7], [7]]);
});

test('an abort between two squares stops before the next', async () => {
  const { encoder, encoded } = encoderOf();
  await encoder.encode(Uint8Array.of(1), never);
  await expect(encoder.encode(Uint8Array.of(2), AbortSignal.abort(new Error('stop')))).rejects.toThrow(
    'stop',
  );
  await expect(encoder.attend(Uint8Array.of(2), AbortSignal.abort(new Error('stop')))).rejects.toThrow(
    'stop',
  );
  expect(encoded).toEqual([1]);
});
