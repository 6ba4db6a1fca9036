import { expect, test } from 'vitest';
import { MpjpegParser } from '../../src/camera/mpjpeg-parser.ts';

/** A part as ffmpeg's mpjpeg muxer writes it. */
function part(body: Buffer): Buffer {
  const head = `--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n')]);
}

/** Begins like a JPEG, then contains bytes that look like a boundary. */
function jpeg(filling: string): Buffer {
  return Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.from(filling)]);
}

function parse(chunks: Iterable<Buffer>, maxBytes = 10_000): Buffer[] {
  const seen: Buffer[] = [];
  const parser = new MpjpegParser(maxBytes, (picture) => seen.push(Buffer.from(picture)));
  for (const chunk of chunks) parser.push(chunk);
  return seen;
}

const pictures = [
  jpeg('one'),
  jpeg('\r\n\r\n--ffmpeg\r\nContent-length: 3\r\n\r\n\xff\xd9\xff\xd8'),
  jpeg('x'.repeat(3000)),
];
const stream = Buffer.concat(pictures.map(part));

test.each([1, 2, 3, 7, 64, 1000, 100_000])('pictures come out whole from chunks of %i bytes', (size) => {
  const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
    stream.subarray(index * size, (index + 1) * size),
  );
  expect(parse(chunks)).toEqual(pictures);
});

test('a part that is not a JPEG is skipped, and the next one is not', () => {
  const parts = [part(Buffer.from('\0\0\0\x01h264')), part(Buffer.alloc(0)), part(jpeg('after'))];
  expect(parse(parts)).toEqual([jpeg('after')]);
});

test('an incomplete picture is not passed on', () => {
  expect(parse([stream.subarray(0, part(pictures[0]!).length - 3)])).toEqual([]);
});

test('a picture above the limit is refused before memory is allocated for it', () => {
  const header = (sizeBytes: number): Buffer => Buffer.from(`Content-length: ${sizeBytes}\r\n\r\n`);
  expect(() => parse([header(10_001)])).toThrow('a picture of 10001 bytes');
  expect(() => parse([header(9_999_999_999_999)])).toThrow(RangeError);
  expect(parse([header(10_000)])).toEqual([]);
});

test.each([
  ['no length', Buffer.from('--ffmpeg\r\nContent-type: image/jpeg\r\n\r\n'), /without a Content-length/],
  ['no header', Buffer.alloc(5000, 'x'), /without a header/],
])('a stream with %s is refused', (_name, bytes, message) => {
  expect(() => parse([bytes])).toThrow(message);
});
