import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { HttpTestCamera } from '../../tools/test/http-test-camera.ts';
import { httpAnswer, RudeHttpServer } from '../../tools/test/rude-http-server.ts';
import { until } from '../../tools/test/until.ts';

let pictures: Buffer[] = [];

beforeAll(async () => {
  // Each has another width.
  const widths = Array.from({ length: 40 }, (_, index) => 10 + index);
  pictures = await Promise.all(
    widths.map((width) =>
      sharp({ create: { width, height: 10, channels: 3, background: 'lime' } })
        .jpeg()
        .toBuffer(),
    ),
  );
});

const multipart = 'Content-Type: multipart/x-mixed-replace; boundary=b';

function part(jpeg: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`--b\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`),
    jpeg,
    Buffer.from('\r\n'),
  ]);
}

interface Stream {
  readonly camera: HttpTestCamera;
  readonly server: RudeHttpServer;
  /** Sends the next picture. */
  send(frame?: (jpeg: Buffer) => Buffer): void;
  /** The newest connection. */
  socket(): Socket;
}

/** A camera that sends a picture when it is told to, and the first at once. */
async function streamOf(
  headers: readonly string[] = [multipart],
  options: object = {},
  frame: (jpeg: Buffer) => Buffer = part,
): Promise<Stream> {
  let [next, newest]: [number, Socket | null] = [0, null];
  const send = (framed = frame): void => void newest?.write(framed(pictures[next++ % pictures.length]!));
  const server = await new RudeHttpServer((_request, socket) => {
    newest = socket;
    socket.write(httpAnswer('', headers));
    send();
  }).start();
  const camera = new HttpTestCamera({ url: server.address('/stream'), stallMs: 2000, ...options });
  return { camera, server, send, socket: () => newest! };
}

const text =
  (before: string, after = '') =>
  (jpeg: Buffer): Buffer =>
    Buffer.concat([Buffer.from(before, 'latin1'), jpeg, Buffer.from(after, 'latin1')]);

// As ESP32-CAM firmware, Tasmota, mjpg-streamer, motion, OctoPrint and old IP cameras send it, and worse.
const framings: readonly [string, readonly string[], (jpeg: Buffer) => Buffer][] = [
  ['as it should be', [multipart], part],
  ['boundary with its dashes in the header', ['Content-Type: multipart/x-mixed-replace;boundary=--b'], part],
  ['boundary in quotes', ['Content-Type: multipart/x-mixed-replace; boundary="b"'], part],
  ['no boundary in the header', ['Content-Type: multipart/x-mixed-replace'], part],
  ['another boundary in the header', ['Content-Type: multipart/x-mixed-replace; boundary=other'], part],
  ['letter cases', ['content-type: Multipart/X-Mixed-Replace; Boundary=b'], part],
  ['two header lines of its type', ['Content-Type: text/html', multipart], part],
  ['image/jpeg in the header', ['Content-Type: image/jpeg'], part],
  ['no type', [], part],
  ['no length in the parts', [multipart], text('--b\r\nContent-Type: image/jpeg\r\n\r\n', '\r\n')],
  ['a length that is too small', [multipart], text('--b\r\nContent-Length: 9\r\n\r\n', '\r\n')],
  ['a length that is too large', [multipart], text('--b\r\nContent-Length: 99999\r\n\r\n', '\r\n')],
  ['a length that is no number', [multipart], text('--b\r\nContent-Length: abc\r\n\r\n', '\r\n')],
  ['line feeds alone', [multipart], text('--b\nContent-Type: image/jpeg\n\n', '\n')],
  ['blank lines', [multipart], text('\r\n\r\n--b\r\n\r\n\r\n\r\n', '\r\n\r\n\r\n')],
  ['the boundary after its part', [multipart], text('Content-Type: image/jpeg\r\n\r\n', '\r\n--b\r\n')],
  [
    'the boundary after its part, no type',
    [],
    text('Content-Type: image/jpeg\r\nContent-Length: 7\r\n\r\n', '\r\n--b\r\n'),
  ],
  ['a preamble', [multipart], text('preamble \xff\xd8 \r\n--b\r\n\r\n')],
  [
    'parts of text',
    [multipart],
    text('--b\r\nContent-Type: text/plain\r\n\r\nidle\r\n--b\r\n\r\n', '\r\n--b\r\n\r\n{}\r\n'),
  ],
  ['no headers in the parts', [multipart], text('--b\r\n')],
];

test.each(framings)('motion JPEG: %s', async (_name, headers, frame) => {
  const { camera, server, send } = await streamOf(headers, {}, frame);
  const seen = [(await camera.look()).size.width];
  for (let look = 0; look < 3; look++) {
    const looking = camera.look();
    await sleep(5);
    send();
    seen.push((await looking).size.width);
  }
  expect(seen).toEqual([10, 11, 12, 13]);
  expect(server.requests.length).toBe(1);
});

test('the same in chunks of the transfer', async () => {
  const frame = (jpeg: Buffer): Buffer => {
    const bytes = part(jpeg);
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  };
  const { camera, send } = await streamOf([multipart, 'Transfer-Encoding: chunked'], {}, frame);
  await camera.look();
  send();
  expect((await camera.look()).size.width).toBe(11);
});

test('only the newest picture is kept, with its time', async () => {
  const { camera, send } = await streamOf();
  await camera.look();
  for (let count = 0; count < 20; count++) send();
  await sleep(300);
  const { size, takenAt } = await camera.look();
  expect(size.width).toBe(30);
  expect(Date.now() - takenAt!.getTime()).toBeGreaterThan(200);
});

test('a picture that is cut is not shown, and the one after it is', async () => {
  const { camera, send } = await streamOf();
  await camera.look();
  send((jpeg) => part(jpeg.subarray(0, jpeg.length - 3)));
  send();
  expect((await camera.look()).size.width).toBe(12);
});

test('a stream that ends between two looks, or while one waits, is opened again', async () => {
  const { camera, server, socket } = await streamOf();
  await camera.look();
  socket().end();
  await until(() => server.sockets.size === 0);
  expect((await camera.look()).size.width).toBe(11);
  const looking = camera.look();
  await sleep(20);
  socket().resetAndDestroy();
  expect((await looking).size.width).toBe(12);
  expect(server.requests.length).toBe(3);
});

test('a stream that stalls while a look waits is a fault, and opened again by the next', async () => {
  const { camera, server } = await streamOf([multipart], { stallMs: 200 });
  await camera.look();
  expect(await camera.fault()).toBe('stalled: no picture for 0.2 s');
  await until(() => server.sockets.size === 0);
  expect((await camera.look()).size.width).toBe(11);
});

test('a stream that stalls between two looks is opened again, and its old picture is not shown', async () => {
  const { camera, server, send } = await streamOf([multipart], { stallMs: 200 });
  await camera.look();
  send();
  await until(() => server.sockets.size === 0);
  await sleep(250);
  expect((await camera.look()).size.width).toBe(12);
});

test('a stream of parts without any picture stalls', async () => {
  const { camera, socket, server } = await streamOf([multipart], { stallMs: 300 }, () =>
    Buffer.from('--b\r\n\r\nidle\r\n'),
  );
  const timer = setInterval(() => server.requests.length > 0 && socket().write('--b\r\n\r\nidle\r\n'), 50);
  expect(await camera.fault()).toBe('stalled: no picture for 0.3 s');
  clearInterval(timer);
});

test('a released camera has no connection, and the next look opens the stream again', async () => {
  const { camera, server } = await streamOf();
  await camera.look();
  await camera.release();
  await until(() => server.sockets.size === 0);
  expect((await camera.look()).size.width).toBe(11);
  expect(server.requests.length).toBe(2);
});

test('closing the camera ends the stream, and a look that waits for it', async () => {
  const { camera, server } = await streamOf();
  await camera.look();
  const looking = camera.look();
  await camera.close();
  await expect(looking).rejects.toThrow('closed');
  await until(() => server.sockets.size === 0);
});
