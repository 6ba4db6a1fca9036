import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { challengesOf } from '../../src/camera/http-challenge.ts';
import { HttpTestCamera } from '../../tools/test/http-test-camera.ts';
import { httpAnswer, RudeHttpServer, type RudeRequest } from '../../tools/test/rude-http-server.ts';

let folder = '';
let passwordFile = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-http-'));
  passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'right\nnot this line');
  return () => rmSync(folder, { recursive: true });
});

let jpeg: Buffer;
beforeAll(async () => {
  jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
});

/** A camera that asks for a login, and accepts what `accepts` does. */
async function cameraOf(
  challenges: (count: number) => readonly string[],
  accepts: (request: RudeRequest) => boolean,
): Promise<{ camera: HttpTestCamera; server: RudeHttpServer }> {
  const server = await new RudeHttpServer((request, socket) => {
    const isAccepted = accepts(request);
    const asked = challenges(request.count).map((each) => `WWW-Authenticate: ${each}`);
    const refusal = httpAnswer('', [...asked, 'Content-Length: 0'], '401 Unauthorized');
    socket.end(isAccepted ? httpAnswer(jpeg) : refusal);
  }).start();
  const camera = new HttpTestCamera({ url: server.address('/a.jpg?ch=1'), username: 'viewer', passwordFile });
  return { camera, server };
}

const hashes: Readonly<Record<string, string>> = { MD5: 'md5', 'MD5-sess': 'md5', 'SHA-256': 'sha256' };

/** Whether Digest's response is right for the nonce, as a server computes it. */
function isRight({ headers }: RudeRequest, nonce: string, algorithm = 'MD5', qop = true): boolean {
  const [challenge] = challengesOf([headers['authorization'] ?? '']);
  if (challenge?.scheme !== 'digest') return false;
  const field = (name: string): string => challenge.parameters.get(name) ?? '';
  const h = (text: string): string => createHash(hashes[algorithm]!).update(text).digest('hex');
  let secret = h('viewer:camera:right');
  if (algorithm.endsWith('-sess')) secret = h(`${secret}:${nonce}:${field('cnonce')}`);
  const middle = qop ? [field('nc'), field('cnonce'), 'auth'] : [];
  return (
    field('response') === h([secret, nonce, ...middle, h(`GET:${field('uri')}`)].join(':')) &&
    field('uri') === '/a.jpg?ch=1'
  );
}

const logins = (server: RudeHttpServer): number =>
  server.requests.filter(({ headers }) => headers['authorization']).length;

test('a Basic login, sent with the first request of later looks', async () => {
  const { camera, server } = await cameraOf(
    () => ['Basic realm="camera"'],
    ({ headers }) => headers['authorization'] === `Basic ${Buffer.from('viewer:right').toString('base64')}`,
  );
  for (let look = 0; look < 3; look++) await camera.look();
  expect(server.requests.map(({ headers }) => 'authorization' in headers)).toEqual([false, true, true, true]);
});

test.each(['MD5', 'MD5-sess', 'SHA-256'])('a Digest login with %s', async (algorithm) => {
  const { camera, server } = await cameraOf(
    () => ['Basic realm="camera"', `Digest realm="camera", nonce="n1", qop="auth", algorithm=${algorithm}`],
    (request) => isRight(request, 'n1', algorithm),
  );
  for (let look = 0; look < 3; look++) await camera.look();
  expect(server.requests.length).toBe(4);
  expect(server.requests.every(({ headers }) => !headers['authorization']?.startsWith('Basic'))).toBe(true);
});

test('a Digest login without qop', async () => {
  const { camera } = await cameraOf(
    () => ['Digest realm="camera", nonce="n1"'],
    (request) => isRight(request, 'n1', 'MD5', false),
  );
  await camera.look();
});

test('a nonce that was used up is renewed, whether or not the camera says that it is stale', async () => {
  for (const stale of ['stale=true, ', '']) {
    let [nonce, uses] = [1, 0];
    const { camera, server } = await cameraOf(
      () => [`Digest realm="camera", ${stale}nonce="n${nonce}", qop="auth"`],
      (request) => {
        const right = isRight(request, `n${nonce}`) && ++uses <= 2;
        if (uses > 2) [nonce, uses] = [nonce + 1, 0];
        return right;
      },
    );
    for (let look = 0; look < 6; look++) await camera.look();
    // 1 without login, 6 pictures, and 2 with an old nonce.
    expect(server.requests.length).toBe(9);
  }
});

test('a wrong password is sent once, then not for minutes, but at once when its file changes or a request comes', async () => {
  writeFileSync(passwordFile, 'wrong');
  const { camera, server } = await cameraOf(
    () => ['Digest realm="camera", nonce="n1", qop="auth"'],
    (request) => isRight(request, 'n1'),
  );
  const message =
    /^unauthorised; check username and password_file \(HTTP 401\); next attempt after 5 min, so that the camera does not lock/;
  for (let look = 0; look < 20; look++) expect(await camera.fault()).toMatch(message);
  expect(logins(server)).toBe(1);
  expect(await camera.fault(true)).toMatch(/after 10 min/);
  expect(logins(server)).toBe(2);
  writeFileSync(passwordFile, 'right');
  await camera.look();
  expect(logins(server)).toBe(3);
});

test('a password that changed on the camera and in its file is not tried in its old form', async () => {
  const basic = (password: string): string => `Basic ${Buffer.from(`viewer:${password}`).toString('base64')}`;
  let password = 'right';
  const { camera, server } = await cameraOf(
    () => ['Basic realm="camera"'],
    ({ headers }) => headers['authorization'] === basic(password),
  );
  await camera.look();
  password = 'new';
  writeFileSync(passwordFile, 'new');
  await camera.look();
  expect(server.requests.slice(2).map(({ headers }) => headers['authorization'])).toEqual([
    undefined,
    basic('new'),
  ]);
});

test('a camera that always calls the nonce stale gets two logins, not more', async () => {
  const { camera, server } = await cameraOf(
    (count) => [`Digest realm="c", nonce="${count}", stale=true`],
    () => false,
  );
  expect(await camera.fault()).toMatch(/^unauthorised; /);
  expect(logins(server)).toBe(2);
});

test('a login that the camera began to refuse is not sent without end', async () => {
  let accepts = true;
  const { camera, server } = await cameraOf(
    () => ['Basic realm="camera"'],
    ({ headers }) => accepts && 'authorization' in headers,
  );
  await camera.look();
  accepts = false;
  for (let look = 0; look < 5; look++) expect(await camera.fault()).toMatch(/^unauthorised; /);
  expect(logins(server)).toBe(3); // the good one, the kept one, the one for its challenge
});

test.each([
  [
    [],
    /^unauthorised; the camera asks for no login that is supported, Basic or Digest \(it asks for: none\)/,
  ],
  [['NTLM', 'Negotiate'], /it asks for: ntlm, negotiate/],
  [
    ['Digest realm="c", nonce="n", algorithm=SHA-999', 'Basic realm="c"'],
    /^unauthorised; the camera offers Digest in a form that is not supported/,
  ],
])('challenges %j', async (challenges, message) => {
  const { camera, server } = await cameraOf(
    () => challenges,
    () => false,
  );
  expect(await camera.fault()).toMatch(message);
  expect(logins(server)).toBe(0);
});

test('the login goes along with a redirect within the host', async () => {
  const server = await new RudeHttpServer(({ path, headers }, socket) => {
    if (path !== '/b.jpg') socket.end(httpAnswer('', ['Location: /b.jpg'], '307 Temporary Redirect'));
    else if (headers['authorization']) socket.end(httpAnswer(jpeg));
    else socket.end(httpAnswer('', ['WWW-Authenticate: Basic realm="x"'], '401 Unauthorized'));
  }).start();
  const camera = new HttpTestCamera({ url: server.address('/a.jpg'), username: 'viewer', passwordFile });
  await camera.look();
});
