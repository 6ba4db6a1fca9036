import sharp from 'sharp';
import { expect, test } from 'vitest';
import { withHuffmanTables } from '../../src/camera/jpeg-tables.ts';

/** A JPEG with the standard tables, and the same one without its DHT segments, as many webcams send it. */
async function jpegs(): Promise<{ whole: Buffer<ArrayBuffer>; bare: Uint8Array<ArrayBuffer> }> {
  const pixels = Uint8Array.from({ length: 48 * 32 * 3 }, (_, at) => (at * 7919) % 251);
  const image = sharp(pixels, { raw: { width: 48, height: 32, channels: 3 } });
  const whole = await image.jpeg({ optimiseCoding: false, quality: 80 }).toBuffer();
  const kept: Uint8Array[] = [whole.subarray(0, 2)];
  let at = 2;
  for (let isHeader = true; isHeader; ) {
    const length = 2 + whole.readUInt16BE(at + 2);
    isHeader = whole[at + 1] !== 0xda;
    if (whole[at + 1] !== 0xc4) kept.push(whole.subarray(at, isHeader ? at + length : whole.length));
    at += length;
  }
  return { whole: Buffer.from(whole), bare: new Uint8Array(Buffer.concat(kept)) };
}

const pixelsOf = (jpeg: Uint8Array): Promise<Buffer> => sharp(jpeg).raw().toBuffer();
const segments = (jpeg: Uint8Array): number =>
  Buffer.from(jpeg).toString('latin1').split('\xff\xc4').length - 1;

test('a picture without Huffman tables gets the standard ones, and looks the same', async () => {
  const { whole, bare } = await jpegs();
  expect(segments(bare)).toBe(0);
  const mended = withHuffmanTables(bare);
  expect(segments(mended)).toBe(1);
  expect(await pixelsOf(mended)).toEqual(await pixelsOf(whole));
});

test('the inserted tables are those of a standard JPEG', async () => {
  const { whole, bare } = await jpegs();
  const tablesOf = (jpeg: Uint8Array): string[] => {
    const found: string[] = [];
    const bytes = Buffer.from(jpeg);
    for (let at = 2; bytes[at + 1] !== 0xda; at += 2 + bytes.readUInt16BE(at + 2)) {
      if (bytes[at + 1] !== 0xc4) continue;
      const end = at + 2 + bytes.readUInt16BE(at + 2);
      for (let table = at + 4; table < end; ) {
        const values = bytes.subarray(table + 1, table + 17).reduce((sum, count) => sum + count, 0);
        found.push(bytes.toString('hex', table, table + 17 + values));
        table += 17 + values;
      }
    }
    return found.sort();
  };
  expect(tablesOf(withHuffmanTables(bare))).toEqual(tablesOf(whole));
});

test('a picture with tables is not copied, nor is one that is not a JPEG', async () => {
  const { whole } = await jpegs();
  expect(withHuffmanTables(whole)).toBe(whole);
  const rubbish = Uint8Array.of(0xff, 0xd8, 1, 2, 3, 4, 5, 6);
  expect(withHuffmanTables(rubbish)).toBe(rubbish);
});
