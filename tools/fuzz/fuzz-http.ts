import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { HttpCamera } from '../../src/camera/http.ts';
import { PictureBody } from '../../src/camera/picture-body.ts';
import { sceneRandom } from '../../src/camera/scene-random.ts';
import { CameraError } from '../../src/domain/errors.ts';
import type { Log } from '../../src/pipeline/ports.ts';

// Gives the HTTP reader answers with a few faults each: most to the parser of bodies, in two ways to cut them into chunks,
// and one in twenty to a whole camera over a connection. Each must end in pictures or in a CameraError, the same for every
// chunking, in bounded time and memory.

const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const count = Number(values.count);
const slowMs = 2000;
const maxGrowthBytes = 32 * 2 ** 20;
const maxPictureBytes = 65_536;

type Random = (below: number) => number;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Memory in use after garbage collection. */
function liveBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const image = (width: number): Sharp =>
  sharp({
    create: {
      ...{ width, height: 24, channels: 3, background: '#808080' },
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  });
const files = [
  await image(32).jpeg().toBuffer(),
  await image(40).jpeg({ progressive: true }).toBuffer(),
  await image(24).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  await image(16).png().toBuffer(),
  await image(16).webp().toBuffer(),
  Buffer.from('<html><title>Login</title></html>'),
];

/** A body, its header and how the camera sends it. */
function drawAnswer(random: Random): { head: string[]; body: Buffer } {
  const file = (): Buffer => files[random(files.length)]!;
  const parts = 1 + random(4);
  const ends = ['\r\n', '\n', '\r\n\r\n'];
  const isMultipart = random(3) > 0;
  const body = isMultipart
    ? Buffer.concat(
        Array.from({ length: parts }, () => {
          const [end, bytes] = [ends[random(ends.length)]!, file()];
          const length = [
            `Content-Length: ${bytes.length}${end}`,
            '',
            `Content-Length: ${random(9999)}${end}`,
          ][random(3)]!;
          return Buffer.concat([
            Buffer.from(`--b${end}Content-Type: image/jpeg${end}${length}${end}`),
            bytes,
            Buffer.from(end),
          ]);
        }),
      )
    : file();
  const types = [
    'multipart/x-mixed-replace;boundary=b',
    'image/jpeg',
    'text/html',
    'multipart/mixed; boundary="--b"',
  ];
  return {
    head: random(4) === 0 ? [] : [`Content-Type: ${types[isMultipart ? random(4) : 1 + random(2)]!}`],
    body,
  };
}

const markers = [0xffd8, 0xffd9, 0xffda, 0xffe1, 0xff00, 0xffff, 0x0d0a, 0x2d2d];

/** A copy with up to four faults. */
function mutated(body: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(body);
  for (let faults = random(5); faults > 0 && bytes.length > 4; faults--) {
    const at = random(bytes.length - 2);
    const length = 1 + random(Math.min(200, bytes.length - at));
    const part = bytes.subarray(at, at + length);
    const rest = [bytes.subarray(0, at), bytes.subarray(at + length)] as const;
    switch (random(6)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes.writeUInt16BE(markers[random(markers.length)]!, at);
        break;
      case 2:
        bytes = Buffer.concat([...rest]);
        break;
      case 3:
        bytes = Buffer.concat([rest[0], part, part, part, rest[1]]);
        break;
      case 4:
        bytes = bytes.subarray(0, at);
        break;
      default:
        bytes = Buffer.concat([
          rest[0],
          Buffer.alloc(random(3) === 0 ? 90_000 : length, random(256)),
          rest[1],
        ]);
    }
  }
  return bytes;
}

/** What a body gives: sizes of its pictures, and the fault. Chunks may hide the end of a body that a fault ends early. */
function readBody(
  body: Buffer,
  contentType: string,
  chunkBytes: () => number,
): { pictures: string; fault: string } {
  const pictures: number[] = [];
  const reader = new PictureBody({
    contentType,
    maxPictureBytes,
    secrets: [],
    onPicture: (file) => pictures.push(file.length),
  });
  let fault = '';
  try {
    for (let at = 0; at < body.length; ) {
      const end = at + chunkBytes();
      reader.push(body.subarray(at, end));
      at = end;
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    fault = error.message.split(/[;:]/)[0]!;
  }
  return { pictures: pictures.join(), fault };
}

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
let answer: Buffer = Buffer.alloc(0);
const server = createServer((socket: Socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end(answer));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as { port: number };

/** One look of a camera; resolves with what became of it. */
async function look(): Promise<string> {
  const camera = new HttpCamera('fuzz', {
    ...{ url: `http://127.0.0.1:${port}/`, username: null, passwordFile: null, caFile: null },
    ...{ fingerprint: null, rotation: 90, size: null, stallMs: slowMs, log },
  });
  await camera.start();
  try {
    await camera.capture(new AbortController().signal);
    return 'a picture';
  } catch (error) {
    if (!(error instanceof CameraError)) throw error;
    return error.message.split(/[;:]/)[0]!;
  } finally {
    await camera.close();
  }
}

const tally = new Map<string, number>();
const bad: string[] = [];
const startBytes = liveBytes();
let slowestMs = 0;

for (let number = 0; number < count; number++) {
  const random = sceneRandom(Number(values.seed), number).below;
  const { head, body } = drawAnswer(random);
  const bytes = mutated(body, random);
  const began = performance.now();
  let outcome: string;
  try {
    const type = head[0]?.slice('Content-Type: '.length) ?? '';
    const whole = readBody(bytes, type, () => 4096);
    const pieces = readBody(bytes, type, () => 1 + random(50));
    if (whole.pictures !== pieces.pictures || whole.fault !== pieces.fault)
      bad.push(`${number}: ${JSON.stringify(whole)} in one way, ${JSON.stringify(pieces)} in another`);
    outcome = whole.pictures === '' ? whole.fault : 'pictures';
    if (number % 20 === 0) {
      const isZipped = random(8) === 0;
      const sent = isZipped ? mutated(gzipSync(bytes), random) : bytes;
      const lines = ['HTTP/1.1 200 OK', ...head, ...(isZipped ? ['Content-Encoding: gzip'] : []), '', ''];
      answer = Buffer.concat([
        mutated(Buffer.from(lines.join('\r\n')), (below) => (random(3) === 0 ? random(below) : 0)),
        sent,
      ]);
      outcome = `over HTTP: ${await look()}`;
    }
  } catch (error) {
    outcome = 'bad';
    bad.push(`${number}: ${(error as Error).stack}`);
  }
  const tookMs = performance.now() - began;
  slowestMs = Math.max(slowestMs, tookMs);
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
}
server.close();

const growthBytes = liveBytes() - startBytes;
if (slowestMs > 5 * slowMs) bad.push(`the slowest took ${Math.round(slowestMs)} ms`);
if (growthBytes > maxGrowthBytes) bad.push(`memory grew by ${Math.round(growthBytes / 2 ** 20)} MiB`);
for (const [outcome, times] of [...tally].sort(([, a], [, b]) => b - a)) console.log(`${times}\t${outcome}`);
console.log(`slowest ${Math.round(slowestMs)} ms, memory ${Math.round(growthBytes / 2 ** 20)} MiB more`);
for (const line of bad.slice(0, 20)) console.log(`BAD ${line}`);
console.log(`${count - bad.length} passed, ${bad.length} failed`);
process.exitCode = bad.length > 0 ? 1 : 0;
