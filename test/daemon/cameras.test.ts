import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { createCameraTask } from '../../src/daemon/cameras.ts';
import type { CameraSettings } from '../../src/domain/camera-settings.ts';
import type { CameraTask } from '../../src/pipeline/camera-task.ts';
import type { Camera } from '../../src/pipeline/ports.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { httpAnswer, RudeHttpServer } from '../../tools/test/rude-http-server.ts';

const settings: CameraSettings = { paused: false, intervalMs: 10_000, prompt: 'default' };
const never = new AbortController().signal;

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-cameras-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function taskOf(camera: object, folder = scratch()): CameraTask {
  const config = parseConfig(JSON.stringify({ cameras: { porch: camera } }), 'c.yaml');
  const task = createCameraTask('porch', config, () => settings, folder, new LogLines());
  onTestFinished(() => task.camera.close());
  return task;
}

async function pictureOf(camera: Camera): Promise<Sharp> {
  await camera.start(never);
  const { bytes, pixels, size } = await camera.capture(never);
  return pixels ? sharp(bytes, { raw: { ...size, channels: 3 } }) : sharp(bytes);
}

test('a scene camera draws pictures of the configured size', async () => {
  const { camera } = taskOf({ source: { type: 'scene', size: '320x240' } });
  expect(camera.name).toBe('porch');
  expect(await (await pictureOf(camera)).metadata()).toMatchObject({ width: 320, height: 240 });
});

test("a still camera's relative path is looked up beside the config file", async () => {
  const folder = scratch();
  const green = join(folder, 'green.png');
  await sharp({ create: { width: 8, height: 8, channels: 3, background: '#0f0' } }).toFile(green);
  copyFileSync(green, join(folder, 'picture.png'));
  const { camera } = taskOf({ source: { type: 'still', path: 'picture.png' } }, folder);
  expect((await (await pictureOf(camera)).stats()).dominant.g).toBeGreaterThan(200);
});

test("a camera's password may be a systemd credential", async () => {
  const credentials = scratch();
  writeFileSync(join(credentials, 'porch-password'), 'geheim\n');
  vi.stubEnv('CREDENTIALS_DIRECTORY', credentials);
  onTestFinished(() => void vi.unstubAllEnvs());
  const logins: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    logins.push(headers.authorization);
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="c"' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.jpg`;
  const { camera } = taskOf({
    source: { type: 'http', url, username: 'me', password_file: 'porch-password' },
  });
  await camera.start(never);
  await expect(camera.capture(never)).rejects.toThrow(/^unauthorised/);
  expect(logins).toContain(`Basic ${Buffer.from('me:geheim').toString('base64')}`);
});

test('privacy zones are black in every picture', async () => {
  const left = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ];
  const { camera } = taskOf({ source: { type: 'scene', size: '64x64' }, privacy: [left] });
  const picture = await pictureOf(camera);
  const strip = await picture.extract({ left: 4, top: 4, width: 20, height: 56 }).toBuffer();
  const { channels } = await sharp(strip).stats();
  expect(channels.map(({ mean }) => mean)).toEqual([0, 0, 0].map((black) => expect.closeTo(black, -0.5)));
});

test('the gate, its times and the questions are as configured', () => {
  const source = { type: 'scene' };
  expect(taskOf({ source, gate: { enabled: false, min_interval: '5s' } })).toMatchObject({
    gate: null,
    minIntervalMs: null,
  });
  const gated = taskOf({
    source,
    gate: { min_interval: '30s', max_interval: '1h' },
    questions: {
      open: { ask: 'Is it open?', type: 'boolean' },
      people: { ask: 'How many?', type: 'integer', max: 9 },
      free: { ask: 'What is new?' },
    },
  });
  expect(gated.gate).not.toBeNull();
  expect(gated).toMatchObject({ minIntervalMs: 30_000, maxIntervalMs: 3_600_000, settings });
  expect(gated.questions).toEqual([
    { name: 'open', ask: 'Is it open?', type: { kind: 'boolean' } },
    { name: 'people', ask: 'How many?', type: { kind: 'integer', min: 0, max: 9 } },
    { name: 'free', ask: 'What is new?' },
  ]);
});

test('a longer frame_timeout raises the limit after which a look counts as stuck', () => {
  const of = (frame_timeout: string): number =>
    taskOf({ source: { type: 'ffmpeg', input: 'rtsp://127.0.0.1/', frame_timeout } }).maxLookMs!;
  expect(of('1m') - of('8s')).toBe(6 * 52_000);
});

test("a refused login of an HTTP camera is tried again by a request, also through the camera's wrappers", async () => {
  const folder = scratch();
  writeFileSync(join(folder, 'password'), 'wrong');
  const server = await new RudeHttpServer((_request, socket) => {
    socket.end(httpAnswer('', ['WWW-Authenticate: Basic realm="camera"'], '401 Unauthorized'));
  }).start();
  const source = { type: 'http', url: server.address(), username: 'viewer', password_file: 'password' };
  const { camera } = taskOf(
    {
      source,
      privacy: [
        [
          [0, 0],
          [1, 0],
          [1, 1],
        ],
      ],
    },
    folder,
  );
  await camera.start(never);
  const logins = (): number => server.requests.filter(({ headers }) => headers['authorization']).length;
  for (let look = 0; look < 3; look++)
    await expect(camera.capture(never)).rejects.toThrow(/^unauthorised; check username/);
  expect(logins()).toBe(1);
  await expect(camera.capture(never, { isRequested: true })).rejects.toThrow(/^unauthorised; check username/);
  expect(logins()).toBe(2);
});

test('privacy zones of an HTTP camera lie as its picture is turned', async () => {
  // Orientation 6: the left half of the file is the upper half of the picture.
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'white' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const server = await new RudeHttpServer((_request, socket) => void socket.end(httpAnswer(jpeg))).start();
  const upper = [
    [0, 0],
    [1, 0],
    [1, 0.5],
    [0, 0.5],
  ];
  const { camera } = taskOf({ source: { type: 'http', url: server.address() }, privacy: [upper] });
  const picture = await pictureOf(camera);
  expect(await picture.metadata()).toMatchObject({ width: 48, height: 64 });
  const halves = [4, 36].map((top) => ({ left: 4, top, width: 40, height: 24 }));
  const means = await Promise.all(
    halves.map(
      async (half) => (await sharp(await picture.clone().extract(half).toBuffer()).stats()).channels[0]!.mean,
    ),
  );
  expect(means[0]).toBeLessThan(5);
  expect(means[1]).toBeGreaterThan(250);
});
