import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { HttpTestCamera } from '../../tools/test/http-test-camera.ts';
import { httpAnswer, RudeHttpServer, type RudeRequest } from '../../tools/test/rude-http-server.ts';
import { until } from '../../tools/test/until.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-http-'));
  return () => rmSync(folder, { recursive: true });
});

let jpeg: Buffer;
let progressive: Buffer;
let png: Buffer;
let webp: Buffer;
const size = { width: 64, height: 48 };

beforeAll(async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const image = sharp({ create: { ...size, channels: 3, background: 'red', noise } });
  jpeg = await image.jpeg().toBuffer();
  progressive = await image.jpeg({ progressive: true }).toBuffer();
  png = await image.png().toBuffer();
  webp = await image.webp().toBuffer();
});

/** A camera whose answer to each request is these bytes; the connection is closed after them. */
async function cameraOf(
  answer: (request: RudeRequest, socket: Socket) => Buffer | string | null,
  options: Partial<ConstructorParameters<typeof HttpTestCamera>[0]> = {},
): Promise<{ camera: HttpTestCamera; server: RudeHttpServer }> {
  const server = await new RudeHttpServer((request, socket) => {
    const bytes = answer(request, socket);
    if (bytes !== null) socket.end(bytes);
  }).start();
  return { camera: new HttpTestCamera({ url: server.address('/picture?key=1'), ...options }), server };
}

const typed = 'Content-Type: image/jpeg';

// Bodies are functions, since the pictures are drawn later.
const whole: readonly [string, () => Buffer, (() => Buffer)?][] = [
  ['with a length', () => httpAnswer(jpeg)],
  ['without a length', () => httpAnswer(jpeg, [typed])],
  ['in chunks', () => httpAnswer(chunked(jpeg), [typed, 'Transfer-Encoding: chunked'])],
  [
    'in chunks whose end is missing',
    () => httpAnswer(chunked(jpeg).subarray(0, -5), [typed, 'Transfer-Encoding: chunked']),
  ],
  ['HTTP/1.0', () => replaced(httpAnswer(jpeg, [typed]), 'HTTP/1.1', 'HTTP/1.0')],
  [
    'header lines that end in line feeds',
    () => Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\n${typed}\n\n`), jpeg]),
  ],
  ['no reason phrase', () => httpAnswer(jpeg, [typed], '200')],
  ['a length that is too large', () => httpAnswer(jpeg, [typed, `Content-Length: ${jpeg.length + 500}`])],
  [
    'a length and chunks',
    () => httpAnswer(chunked(jpeg), [typed, 'Content-Length: 3', 'Transfer-Encoding: chunked']),
  ],
  ['padding', () => httpAnswer(Buffer.concat([jpeg, Buffer.from('dhav\0\0\0\0')]))],
  ['padding of 0xff', () => httpAnswer(Buffer.concat([jpeg, Buffer.alloc(1000, 0xff)]))],
  ['line ends before it', () => httpAnswer(Buffer.concat([Buffer.from('\r\n\r\n'), jpeg]))],
  ['progressive', () => httpAnswer(progressive), () => progressive],
  ['PNG', () => httpAnswer(png, ['Content-Type: image/png']), () => png],
  ['PNG with padding, called JPEG', () => httpAnswer(Buffer.concat([png, Buffer.from('more')])), () => png],
  ['WebP', () => httpAnswer(webp, ['Content-Type: image/webp']), () => webp],
  ['image/jpg', () => httpAnswer(jpeg, ['Content-Type: image/jpg'])],
  ['application/octet-stream', () => httpAnswer(jpeg, ['Content-Type: application/octet-stream'])],
  ['text/html', () => httpAnswer(jpeg, ['Content-Type: text/html'])],
  ['no type', () => httpAnswer(jpeg, [])],
  ['gzip', () => httpAnswer(gzipSync(jpeg), [typed, 'Content-Encoding: gzip'])],
  [
    'x-gzip without a length, in chunks',
    () => httpAnswer(chunked(gzipSync(jpeg)), ['Content-Encoding: x-gzip', 'Transfer-Encoding: chunked']),
  ],
  [
    'multipart of one part',
    () =>
      httpAnswer(Buffer.concat([Buffer.from('--b\r\n\r\n'), jpeg]), [
        'Content-Type: multipart/x-mixed-replace;boundary=b',
      ]),
  ],
];

function chunked(bytes: Buffer): Buffer {
  const half = bytes.length >> 1;
  const parts = [bytes.subarray(0, half), bytes.subarray(half), Buffer.alloc(0)];
  return Buffer.concat(
    parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
  );
}

function replaced(bytes: Buffer, from: string, to: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
}

test.each(whole)('a picture: %s', async (_name, answer, file = () => jpeg) => {
  const { camera, server } = await cameraOf(answer);
  for (let look = 0; look < 2; look++) {
    const before = Date.now();
    const picture = await camera.look();
    expect(Buffer.from(picture.bytes)).toEqual(file());
    expect(picture.size).toEqual(size);
    expect(picture.takenAt!.getTime()).toBeGreaterThanOrEqual(before - 1);
  }
  expect(server.requests.map(({ path }) => path)).toEqual(['/picture?key=1', '/picture?key=1']);
});

test('a preview after the picture is not the picture', async () => {
  const preview = await sharp(jpeg).resize(16).jpeg().toBuffer();
  const { camera } = await cameraOf(() => httpAnswer(Buffer.concat([jpeg, preview])));
  expect(Buffer.from((await camera.look()).bytes)).toEqual(jpeg);
});

test('a picture is taken at its end marker, even if the connection then stays open', async () => {
  const { camera } = await cameraOf((_request, socket) => {
    socket.write(httpAnswer(jpeg, [typed, 'Content-Length: 999999']));
    return null;
  });
  expect((await camera.look()).size).toEqual(size);
});

test('a picture that arrives slowly, byte by byte', async () => {
  const { camera } = await cameraOf(
    (_request, socket) => {
      void (async () => {
        for (const byte of httpAnswer(jpeg)) {
          socket.write(Buffer.of(byte));
          await sleep(0);
        }
      })();
      return null;
    },
    { stallMs: 1000 },
  );
  expect(Buffer.from((await camera.look()).bytes)).toEqual(jpeg);
});

const page = '<!doctype html><html><head><title> IPCAM\n  Login </title></head><body>secret</body></html>';
const faults: readonly [string, () => Buffer, RegExp][] = [
  [
    'cut',
    () => httpAnswer(jpeg.subarray(0, 300), [typed, `Content-Length: ${jpeg.length}`]),
    /^cut: .* after 300 bytes/,
  ],
  ['cut without a length', () => httpAnswer(jpeg.subarray(0, 300), [typed]), /^cut: .* after 300 bytes/],
  ['without its last byte', () => httpAnswer(jpeg.subarray(0, -1), [typed]), /^cut: /],
  [
    'cut in chunks',
    () => httpAnswer(chunked(jpeg).subarray(0, 400), [typed, 'Transfer-Encoding: chunked']),
    /^cut: /,
  ],
  [
    'whose length is too small',
    () => httpAnswer(jpeg, [typed, 'Content-Length: 300']),
    /^cut: .* after 300 bytes/,
  ],
  [
    'cut and compressed',
    () => httpAnswer(gzipSync(jpeg).subarray(0, 200), [typed, 'Content-Encoding: gzip']),
    /^cut: /,
  ],
  ['PNG, cut', () => httpAnswer(png.subarray(0, -3), []), /^cut: /],
  ['WebP, cut', () => httpAnswer(webp.subarray(0, -3), []), /^cut: /],
  ['two bytes', () => httpAnswer(jpeg.subarray(0, 2)), /^no picture: /],
  [
    'a page',
    () => httpAnswer(page, ['Content-Type: text/html']),
    /^no picture: the camera answered with a web page \("IPCAM Login"\)/,
  ],
  ['a page called JPEG', () => httpAnswer(page), /a web page \("IPCAM Login"\)/],
  [
    'a page without title',
    () => httpAnswer('<html><script>x()</script><body><form>log in</form></body></html>', []),
    /a web page \("log in"\)/,
  ],
  [
    'text',
    () => httpAnswer('error: no\nsuch "channel"'),
    /^no picture: the camera answered with text: "error: no such channel"$/,
  ],
  [
    'text with an address',
    () => httpAnswer('see http://me:pw@cam/x?token=7'),
    /text: "see http:\/\/\*\*\*@cam\/x\?\*\*\*"$/,
  ],
  ['nothing', () => httpAnswer(''), /^no picture: the camera answered with nothing$/],
  [
    'an HLS list',
    () => httpAnswer('#EXTM3U\n#EXT-X-VERSION:3\n'),
    /a video; read it with a source of type ffmpeg/,
  ],
  [
    'MP4',
    () => httpAnswer(Buffer.from('\0\0\0 ftypisom\0\0\x02\0isom')),
    /a video; read it with a source of type ffmpeg/,
  ],
  ['GIF', () => httpAnswer('GIF89a\x01\0\x01\0'), /neither JPEG, PNG nor WebP/],
  ['HEIC', () => httpAnswer(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0')), /neither JPEG, PNG nor WebP/],
  [
    'other bytes',
    () => httpAnswer(Buffer.alloc(100, 3), ['Content-Type: a/b']),
    /answered with a\/b that contains no JPEG/,
  ],
  [
    'other bytes without end',
    () => httpAnswer(Buffer.alloc(200_000, 3), ['Content-Type: a/b', 'Content-Length: 9999999']),
    /answered with a\/b that contains no JPEG/,
  ],
  [
    'above the limit',
    () => httpAnswer(Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(17 * 2 ** 20)]), [typed]),
    /^too large: the picture has more than 16 MiB/,
  ],
  [
    'PNG above the limit',
    () => httpAnswer(Buffer.concat([png.subarray(0, 40), Buffer.alloc(17 * 2 ** 20)]), [typed]),
    /^too large: /,
  ],
  [
    'compressed, above the limit',
    () =>
      httpAnswer(gzipSync(Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(17 * 2 ** 20)])), [
        'Content-Encoding: gzip',
      ]),
    /^too large: /,
  ],
  ['header that lies', () => httpAnswer(Buffer.from('ffd8ffda0002ffd9', 'hex')), /^damaged: /],
  ['not compressed as it says', () => httpAnswer(jpeg, ['Content-Encoding: gzip']), /^cut: /],
  [
    '401',
    () => httpAnswer('', [], '401 Unauthorized'),
    /^unauthorised; the camera requires a login: set username and password_file \(HTTP 401\); next attempt after 5 min/,
  ],
  [
    '403',
    () => httpAnswer('', [], '403 Forbidden'),
    /^unauthorised; the camera forbids it: .*\(HTTP 403\); next attempt/,
  ],
  ['404', () => httpAnswer('<html>', [], '404 Not Found'), /^not found; check the path in url \(HTTP 404\)$/],
  ['503', () => httpAnswer('', [], '503 Busy'), /^busy; .*\(HTTP 503\)$/],
  ['500', () => httpAnswer('', [], '500 Oh\tno'), /^failed: the camera answered with HTTP 500 Ohno$/],
  ['304', () => httpAnswer('', [], '304 Not Modified'), /^failed: the camera answered with HTTP 304/],
  ['204', () => httpAnswer('', [], '204 No Content'), /^no picture: the camera answered with nothing/],
  [
    'a redirect to another host',
    () => httpAnswer('', ['Location: http://192.0.2.1/x?token=7'], '302 Found'),
    /^redirected; set url to the final address: it redirects to another host, http:\/\/192\.0\.2\.1$/,
  ],
  [
    'a redirect to a file',
    () => httpAnswer('', ['Location: file:///etc/passwd'], '302 Found'),
    /^redirected; /,
  ],
  [
    'a redirect to itself',
    () => httpAnswer('', ['Location: ?again'], '302 Found'),
    /^redirected; .*more than 5 redirects/,
  ],
  ['no HTTP', () => Buffer.from('220 FTP server ready\r\n'), /^no HTTP; check host and port: /],
  [
    'a length twice',
    () => httpAnswer(jpeg, [typed, ...Array(2).fill(`Content-Length: ${jpeg.length}`)]),
    /^no HTTP; .*HPE_UNEXPECTED_CONTENT_LENGTH/,
  ],
  [
    'a closed connection',
    () => Buffer.alloc(0),
    /^ended; the camera closed the connection without an answer/,
  ],
  ['an endless header', () => httpAnswer('', [`X: ${'x'.repeat(50_000)}`]), /^no HTTP; /],
];

test.each(faults)('no picture: %s', async (_name, answer, message) => {
  const { camera, server } = await cameraOf(answer);
  expect(await camera.fault()).toMatch(message);
  await until(() => server.sockets.size === 0);
});

test('a page that repeats the address or the password does not get them into the message', async () => {
  writeFileSync(join(folder, 'password'), 'horse battery');
  const server = await new RudeHttpServer(({ path }, socket) => {
    socket.end(httpAnswer(`<html><title>${path} s3cret#1 horse battery</title></html>`, []));
  }).start();
  const camera = new HttpTestCamera({
    url: server.address('/snap?channel=1&key=s3cret%231'),
    username: 'me',
    passwordFile: join(folder, 'password'),
  });
  expect(await camera.fault()).toMatch(/a web page \("\/snap\*\*\* \*\*\* \*\*\*"\)/);
});

test('nothing listens', async () => {
  expect(await new HttpTestCamera({ url: 'http://127.0.0.1:1/' }).fault()).toMatch(
    /^refused; check host and port: .*ECONNREFUSED/,
  );
});

test('a camera that accepts the connection and never answers, and one that stops within a picture', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const silent = await cameraOf(() => null);
    const fault = silent.camera.fault();
    while (silent.server.requests.length === 0) await new Promise(setImmediate);
    vi.advanceTimersByTime(15_000);
    expect(await fault).toBe('unreachable; check the address and the network: no answer within 15 s');

    const stalled = await cameraOf((_request, socket) => {
      socket.write(httpAnswer(jpeg.subarray(0, 300), [typed, `Content-Length: ${jpeg.length}`]));
      return null;
    });
    const stall = stalled.camera.fault();
    while (stalled.server.requests.length === 0) await new Promise(setImmediate);
    for (let wait = 0; wait < 50; wait++) await new Promise(setImmediate);
    vi.advanceTimersByTime(8000);
    expect(await stall).toBe('stalled: no picture for 8 s');
  } finally {
    vi.useRealTimers();
  }
});

test('a trickle is a picture if it ends within four frame timeouts, and stalled otherwise', async () => {
  const trickle = (pauseMs: number) =>
    cameraOf(
      (_request, socket) => {
        void (async () => {
          const answer = httpAnswer(jpeg);
          const step = Math.ceil(answer.length / 10);
          for (let at = 0; at < answer.length && !socket.destroyed; at += step) {
            socket.write(answer.subarray(at, at + step));
            await sleep(pauseMs);
          }
        })();
        return null;
      },
      { stallMs: 200 },
    );
  expect((await (await trickle(50)).camera.look()).size).toEqual(size);
  expect(await (await trickle(150)).camera.fault()).toBe('stalled: no whole picture within 0.8 s');
});

test('a redirect within the host is followed', async () => {
  const { camera, server } = await cameraOf(({ path }) =>
    path === '/new/a.jpg' ? httpAnswer(jpeg) : httpAnswer('', ['Location: /new/a.jpg'], '302 Found'),
  );
  expect((await camera.look()).size).toEqual(size);
  expect(server.requests.map(({ path }) => path)).toEqual(['/picture?key=1', '/new/a.jpg']);
});

test('a proxy of the environment is not used', async () => {
  vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
  vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
  const { camera } = await cameraOf(() => httpAnswer(jpeg));
  expect((await camera.look()).size).toEqual(size);
  vi.unstubAllEnvs();
});

test('an aborted look and a closed camera end the connection', async () => {
  const { camera, server } = await cameraOf(() => null);
  await camera.start();
  const aborted = new AbortController();
  const look = camera.capture(aborted.signal);
  await until(() => server.requests.length === 1);
  aborted.abort(new Error('enough'));
  await expect(look).rejects.toThrow('enough');
  await until(() => server.sockets.size === 0);
  const closing = camera.capture(new AbortController().signal);
  await until(() => server.requests.length === 2);
  await camera.close();
  await camera.close();
  await expect(closing).rejects.toThrow(/^closed/);
  await until(() => server.sockets.size === 0);
  await expect(camera.capture(new AbortController().signal)).rejects.toThrow('closed');
});

test('a picture is turned by its EXIF orientation, then by rotation, and scaled down to fit', async () => {
  // 64x48, red on the left, blue on the right; orientation 6 makes it 48x64, red on top.
  const red = { create: { width: 32, height: 48, channels: 3 as const, background: 'red' } };
  const marked = await sharp({ create: { ...size, channels: 3, background: 'blue' } })
    .composite([{ input: red, left: 0, top: 0 }])
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const look = async (options: object): Promise<{ size: object; corner: number[] }> => {
    const { camera } = await cameraOf(() => httpAnswer(marked), options);
    const picture = await camera.look();
    const raw = picture.pixels
      ? sharp(picture.bytes, { raw: { ...picture.size, channels: 3 } })
      : sharp(picture.bytes).autoOrient();
    const pixels = await raw.removeAlpha().raw().toBuffer();
    const topRight = 3 * (2 * picture.size.width + picture.size.width - 3);
    return {
      size: picture.size,
      corner: [...pixels.subarray(topRight, topRight + 3)].map((level) => Math.round(level / 255)),
    };
  };
  const [isRed, isBlue] = [
    [1, 0, 0],
    [0, 0, 1],
  ];
  expect(await look({})).toEqual({ size: { width: 48, height: 64 }, corner: isRed });
  expect(await look({ rotation: 90 })).toEqual({ size: { width: 64, height: 48 }, corner: isRed });
  expect(await look({ rotation: 180 })).toEqual({ size: { width: 48, height: 64 }, corner: isBlue });
  expect(await look({ rotation: 270 })).toEqual({ size: { width: 64, height: 48 }, corner: isBlue });
  expect(await look({ size: { width: 32, height: 32 } })).toEqual({
    size: { width: 24, height: 32 },
    corner: isRed,
  });
  expect(await look({ rotation: 90, size: { width: 32, height: 32 } })).toEqual({
    size: { width: 32, height: 24 },
    corner: isRed,
  });
});

test('an unreadable password file is reported', async () => {
  const { camera, server } = await cameraOf(() => httpAnswer(jpeg), {
    username: 'me',
    passwordFile: join(folder, 'missing'),
  });
  expect(await camera.fault()).toMatch(/password_file .*missing: cannot be read/);
  expect(server.requests).toEqual([]);
});

test('an invalid file of authorities is reported, and again by the next look', async () => {
  writeFileSync(join(folder, 'ca.pem'), 'no certificate');
  const camera = new HttpTestCamera({ url: 'https://127.0.0.1:1/', caFile: join(folder, 'ca.pem') });
  await expect(camera.start()).rejects.toThrow(/ca_file .*ca\.pem: is not a PEM certificate/);
});
