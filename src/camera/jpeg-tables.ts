import { jpegMarkers, jpegSegments } from './jpeg-segments.ts';

/**
 * MJPEG pictures may omit their Huffman tables, which are then those of JPEG's Annex K. With the tables inserted, every
 * program can read the picture.
 */

/** The JPEG with Huffman tables: itself if it has some, otherwise a copy with the standard ones. */
export function withHuffmanTables(jpeg: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (const { marker, at } of jpegSegments(jpeg)) {
    if (marker === jpegMarkers.huffmanTables) return jpeg;
    if (marker === jpegMarkers.startOfScan) {
      const whole = new Uint8Array(jpeg.length + standardTables.length);
      whole.set(jpeg.subarray(0, at));
      whole.set(standardTables, at);
      whole.set(jpeg.subarray(at), at + standardTables.length);
      return whole;
    }
  }
  return jpeg;
}

/** One table: the number of codes of each length from 1 to 16 bits, and their values. */
function table(classAndId: number, counts: string, values: readonly number[]): number[] {
  return [classAndId, ...Buffer.from(counts, 'hex'), ...values];
}

// ITU-T T.81 Annex K, tables K.3 to K.6: their values in order of code length.
const dcValues = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const acLuma =
  '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738' +
  '393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5' +
  'a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa';
const acChroma =
  '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a353637' +
  '38393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3' +
  'a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa';

const tables = [
  ...table(0x00, '00010501010101010100000000000000', dcValues),
  ...table(0x10, '0002010303020403050504040000017d', [...Buffer.from(acLuma, 'hex')]),
  ...table(0x01, '00030101010101010101010000000000', dcValues),
  ...table(0x11, '00020102040403040705040400010277', [...Buffer.from(acChroma, 'hex')]),
];
const segmentBytes = tables.length + 2;
const standardTables = Uint8Array.of(0xff, 0xc4, segmentBytes >> 8, segmentBytes & 0xff, ...tables);
