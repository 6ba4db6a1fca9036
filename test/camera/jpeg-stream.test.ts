import sharp, { type Sharp } from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { JpegStream } from '../../src/camera/jpeg-stream.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';

const pictures: Buffer[] = [];

beforeAll(async () => {
  const noise = (width: number, height: number): Buffer => {
    const random = seededRandom(width);
    return Buffer.from(Array.from({ length: width * height * 3 }, () => Math.floor(random() * 256)));
  };
  const image = (width: number, height: number): Sharp =>
    sharp(noise(width, height), { raw: { width, height, channels: 3 } });
  const preview = await image(16, 16).jpeg().toBuffer();
  const plain = await image(64, 48).jpeg().toBuffer();
  pictures.push(
    plain,
    await image(80, 60).jpeg({ progressive: true }).toBuffer(), // several scans with tables in between
    await image(40, 40).jpeg({ chromaSubsampling: '4:4:4', optimiseCoding: true }).toBuffer(),
    // An Exif preview is a JPEG within a segment.
    Buffer.concat([
      plain.subarray(0, 2),
      segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), preview])),
      plain.subarray(2),
    ]),
    // Fill bytes before a marker.
    Buffer.concat([plain.subarray(0, 2), Buffer.from([0xff, 0xff]), plain.subarray(2)]),
  );
});

function segment(marker: number, payload: Buffer): Buffer {
  const header = Buffer.from([0xff, marker, 0, 0]);
  header.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([header, payload]);
}

function read(
  bytes: Buffer,
  chunkBytes: () => number,
  maxPictureBytes = 1e6,
): { found: Buffer[]; jpegs: JpegStream } {
  const found: Buffer[] = [];
  const jpegs = new JpegStream({ maxPictureBytes, onPicture: (jpeg) => found.push(Buffer.from(jpeg)) });
  for (let at = 0; at < bytes.length; ) {
    const end = at + chunkBytes();
    // A copy, as a socket may use its buffer again.
    jpegs.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return { found, jpegs };
}

/** Ways in which firmware frames its pictures. */
const framings: readonly [string, (jpeg: Buffer) => (string | Buffer)[]][] = [
  [
    'multipart as it should be',
    (j) => ['--b\r\nContent-Type: image/jpeg\r\nContent-Length: ', `${j.length}`, '\r\n\r\n', j, '\r\n'],
  ],
  ['no length', (j) => ['--b\r\nContent-Type: image/jpeg\r\n\r\n', j, '\r\n']],
  ['a length that is too small', (j) => ['--b\r\nContent-Length: 10\r\n\r\n', j, '\r\n']],
  ['a length that is too large', (j) => ['--b\r\nContent-Length: 99999999\r\n\r\n', j, '\r\n']],
  ['line feeds alone', (j) => ['--b\nContent-Type: image/jpeg\n\n', j, '\n']],
  [
    'blank lines before and after the boundary',
    (j) => ['\r\n\r\n--b\r\n\r\n\r\nContent-Type: image/jpeg\r\n\r\n\r\n', j],
  ],
  ['the boundary after its part', (j) => ['Content-Type: image/jpeg\r\n\r\n', j, '\r\n--b\r\n']],
  [
    'a boundary that is another one than announced',
    (j) => ['----other--\r\nContent-type: image/jpg\r\n\r\n', j],
  ],
  ['nothing at all between the pictures', (j) => [j]],
  [
    'padding after the picture',
    (j) => ['--b\r\n\r\n', j, Buffer.alloc(100), Buffer.alloc(7, 0xff), 'dhav\r\n'],
  ],
  ['a preamble', (j) => ['This is a multipart message.\r\n\xff\r\n', '--b\r\n\r\n', j]],
  [
    'parts that are no pictures',
    (j) => ['--b\r\nContent-Type: text/plain\r\n\r\nmotion=0\r\n--b\r\n\r\n', j, '--b\r\n\r\n{}\r\n'],
  ],
];

test.each(framings)('%s: every chunking gives the same pictures', (_name, frame) => {
  const bytes = Buffer.concat(
    pictures.flatMap((jpeg) =>
      frame(jpeg).map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
    ),
  );
  for (const size of [1, 2, 3, 7, 64, 1000, 1e6]) expect(read(bytes, () => size).found).toEqual(pictures);
  const random = seededRandom(7);
  for (let run = 0; run < 50; run++)
    expect(read(bytes, () => 1 + Math.floor(random() ** 4 * 3000)).found).toEqual(pictures);
});

test('a picture that another one interrupts is dropped, and the other is not', () => {
  const [plain, progressive] = pictures as [Buffer, Buffer];
  for (const share of [0.02, 0.5, 0.9, 0.99]) {
    const cut = plain.subarray(0, Math.round(plain.length * share));
    for (const size of [1, 5, 1e6]) {
      // A picture cut within a segment takes the next bytes for the rest of it.
      const { found, jpegs } = read(
        Buffer.concat([cut, Buffer.alloc(share < 0.5 ? 700 : 0), progressive]),
        () => size,
      );
      expect(found).toEqual([progressive]);
      expect(jpegs.dropped).toBe(1);
    }
  }
});

test('a picture without its end is pending, and not passed on', () => {
  const { found, jpegs } = read(pictures[0]!.subarray(0, -1), () => 100);
  expect(found).toEqual([]);
  expect(jpegs.pendingBytes).toBe(pictures[0]!.length - 1);
  jpegs.push(Buffer.from([0xd9]));
  expect(found).toEqual([pictures[0]]);
  expect(jpegs.pendingBytes).toBe(0);
});

test('a start and an end without a picture between them are none', () => {
  const { found, jpegs } = read(
    Buffer.from([0xff, 0xd8, 0xff, 0xd9, 0xff, 0xd8, 0xff, 0xe0, 0, 1, 0xff, 0xd9]),
    () => 1,
  );
  expect(found).toEqual([]);
  expect(jpegs.dropped).toBe(2);
});

test('a picture above the limit is dropped and counted, and the next one is found', () => {
  const [, progressive, small] = pictures as [Buffer, Buffer, Buffer];
  const endless = Buffer.concat([progressive.subarray(0, -2), Buffer.alloc(50_000, 0x55)]);
  for (const size of [1, 333, 1e6]) {
    const { found, jpegs } = read(Buffer.concat([endless, small]), () => size, 20_000);
    expect(found).toEqual([small]);
    expect(jpegs.tooLarge).toBe(1);
  }
});
