import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { StillCamera } from '../../src/camera/still.ts';
import { parseConfig } from '../../src/config/load.ts';
import { createCameraTask } from '../../src/daemon/cameras.ts';
import type { CameraStatus } from '../../src/domain/observation.ts';
import { colourAt, TestCamera } from '../../tools/test/ffmpeg-cameras.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { HttpCamera } from '../../tools/test/http-camera.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { until } from '../../tools/test/until.ts';
import { FakeEngine, type Recorder, startPipeline } from '../pipeline/fixture.ts';

// Cameras as people have them. These tests need ffmpeg and Python.
vi.setConfig({ testTimeout: 300_000 });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-cases-'));
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

function script(name: string): string {
  return join(import.meta.dirname, name);
}

/** Runs in the background until the test ends. */
function background(command: string, ...args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  onTestFinished(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {} // has ended
  });
  return child;
}

async function listening(port: number, path = ''): Promise<void> {
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/${path}`).then(
      ({ ok, body }) => {
        void body?.cancel();
        return ok;
      },
      () => false,
    );
  while (!(await answers())) await sleep(100);
}

/** A camera of the config, in a pipeline that describes what its gate lets through. */
function watch(
  source: object,
  { gate = {}, interval = '500ms' }: { gate?: object; interval?: string } = {},
): Recorder {
  const config = parseConfig(JSON.stringify({ cameras: { porch: { source, gate, interval } } }), 'c.yaml');
  const { interval: intervalMs } = config.cameras['porch']!;
  const settings = { paused: false, intervalMs, prompt: 'default' };
  const task = createCameraTask('porch', config, () => settings, folder, new LogLines());
  return startPipeline([task], new FakeEngine()).recorder;
}

function statusesOf({ statuses }: Recorder): CameraStatus[] {
  return statuses.map(([, status]) => status);
}

const online: CameraStatus = { state: 'online', problem: null, reason: null };

function jpegOf(width: number, height = 48): Promise<Buffer> {
  return sharp({
    create: {
      width,
      height,
      channels: 3,
      background: 'white',
      noise: { type: 'gaussian', mean: 120, sigma: 50 },
    },
  })
    .jpeg()
    .toBuffer();
}

test('a folder in which a camera is writing, with what Mac OS X and uploads leave there, stays online', async () => {
  const jpeg = await jpegOf(640, 480);
  for (const name of ['b.jpg', 'd.jpg', 'from']) writeFileSync(join(folder, name), jpeg);
  writeFileSync(join(folder, '._a.jpg'), 'Mac OS X        ');
  writeFileSync(join(folder, 'empty.jpg'), '');
  writeFileSync(join(folder, 'half.jpg'), jpeg.subarray(0, jpeg.length / 2));
  mkdirSync(join(folder, 'x.jpg'));
  symlinkSync('nowhere.jpg', join(folder, 'dangling.jpg'));
  background('python3', script('slow-writer.py'), join(folder, 'from'), join(folder, 'live.jpg'), '60');
  const recorder = watch({ type: 'still', path: '.' });
  await sleep(10_000);
  expect(statusesOf(recorder)).toEqual([online]);
  expect(recorder.ends).not.toContain('failed');
  expect(recorder.events.length).toBeGreaterThan(15);
});

test('so does a single picture that is rewritten again and again', async () => {
  writeFileSync(join(folder, 'from'), await jpegOf(640, 480));
  const live = join(folder, 'live.jpg');
  background('python3', script('slow-writer.py'), join(folder, 'from'), live, '60');
  await until(() => execFileSync('ls', [folder], { encoding: 'utf8' }).includes('live'));
  const recorder = watch({ type: 'still', path: 'live.jpg' });
  await sleep(10_000);
  expect(statusesOf(recorder)).toEqual([online]);
  expect(recorder.ends).not.toContain('failed');
  expect(recorder.events.length).toBeGreaterThan(8);
});

test('a slow upload is waited for as long as it grows', async () => {
  const jpeg = await jpegOf(640, 480);
  const [path, pieces] = [join(folder, 'upload.jpg'), 6];
  writeFileSync(path, jpeg.subarray(0, jpeg.length / pieces));
  const upload = (async () => {
    for (let piece = 2; piece <= pieces; piece++) {
      await sleep(1000);
      writeFileSync(path, jpeg.subarray(0, (jpeg.length * piece) / pieces));
    }
  })();
  const camera = new StillCamera('porch', path);
  expect((await camera.capture(new AbortController().signal)).size.width).toBe(640);
  await upload;
});

test('a camera whose pictures are whole, but cannot be decoded, is offline with the reason', async () => {
  const jpeg = Buffer.from(await jpegOf(64));
  jpeg.fill(0xff, jpeg.indexOf(Buffer.from([0xff, 0xc4])) + 5, jpeg.indexOf(Buffer.from([0xff, 0xc4])) + 21);
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  const recorder = watch({ type: 'http', url: server.address('snapshot') });
  await until(() => recorder.statuses.length > 0);
  expect(statusesOf(recorder)).toEqual([
    {
      state: 'offline',
      problem: null,
      reason: expect.stringMatching(/^damaged: 3 pictures in a row cannot be decoded: /),
    },
  ]);
  expect(recorder.ends).toEqual(['failed', 'failed', 'failed']);
});

test.each([
  ['http', 'motion JPEG of one and the same picture'],
  ['ffmpeg', 'the same, read by ffmpeg'],
  ['ffmpeg', 'a test picture'],
])('%s: %s is frozen', async (type, what) => {
  const jpeg = await jpegOf(64);
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  const url = server.address('stream');
  const input = what === 'a test picture' ? 'lavfi:smptebars=size=320x240:rate=5' : url;
  const recorder = watch(type === 'http' ? { type, url } : { type, input }, { gate: { frozen_after: '4s' } });
  await until(() => recorder.statuses.length > 1);
  const reason = 'frozen: the very same picture for 4 s; restart the camera';
  expect(statusesOf(recorder)).toEqual([online, { state: 'online', problem: 'frozen', reason }]);
});

test.each(['still', 'ffmpeg'])('a file (%s) that never changes is not frozen', async (type) => {
  writeFileSync(join(folder, 'one.jpg'), await jpegOf(64));
  const source = type === 'still' ? { type, path: 'one.jpg' } : { type, input: 'one.jpg' };
  const recorder = watch(source, { gate: { frozen_after: '1s' }, interval: '300ms' });
  await until(() => recorder.ends.length > 8);
  expect(statusesOf(recorder)).toEqual([online]);
});

test('a black camera has a problem', async () => {
  const recorder = watch({ type: 'ffmpeg', input: 'lavfi:color=black:size=320x240:rate=5' });
  await until(() => recorder.statuses.length > 1);
  expect(statusesOf(recorder)).toMatchObject([online, { state: 'online', problem: 'black' }]);
});

const fit = { width: 640, height: 640 };

test.each([
  [{}, { width: 1920, height: 1080 }],
  [{ size: fit }, { width: 640, height: 360 }],
  [{ rotation: 90 }, { width: 1080, height: 1920 }],
  [
    { rotation: 270, size: fit },
    { width: 360, height: 640 },
  ],
] as const)('pixels twice as wide as high become square, with %o', async (options, size) => {
  execFileSync('sh', [script('wide-pixels.sh'), join(folder, 'wide.mp4')]);
  const picture = await new TestCamera({ input: join(folder, 'wide.mp4'), ...options }).look();
  expect(picture.size).toEqual(size);
});

test.each([
  ['720x576', '16/15', { width: 768, height: 576 }], // PAL
  ['720x480', '8/9', { width: 640, height: 480 }], // NTSC
  ['320x240', '0/1', { width: 320, height: 240 }], // unknown
  ['320x240', '1/60', { width: 320, height: 240 }], // nonsense
])('%s with pixels of %s', async (size, sar, expected) => {
  const graph = `testsrc2=size=${size}:rate=5,setsar=${sar}`;
  const file = join(folder, 'clip.mp4');
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', graph, '-t', '2', '-c:v', 'libx264', file]);
  expect((await new TestCamera({ input: file }).look()).size).toEqual(expected);
});

test.each([
  [{ size: { width: 320, height: 320 } }],
  [{ rotation: 90 }],
  [{ rotation: 180, size: { width: 320, height: 320 } }],
] as const)('a cut picture over HTTP, read by ffmpeg with %o, is a fault', async (options) => {
  const jpeg = await jpegOf(640, 480);
  let isCut = true;
  const server = new HttpCamera({ jpeg: () => (isCut ? jpeg.subarray(0, jpeg.length / 2) : jpeg) });
  await server.start();
  const camera = new TestCamera({ input: server.address('snapshot'), ...options });
  // ffmpeg may not even recognise it: that depends on how its bytes arrive.
  expect(await camera.fault()).toMatch(/^(cut: the picture ends too early|codec unknown)/);
  isCut = false;
  const { size } = await camera.picture();
  const expected = { '320': [320, 240], '90': [480, 640] }['size' in options ? '320' : '90'];
  expect([size.width, size.height]).toEqual(expected);
});

test('motion JPEG that ffmpeg passes through is rotated all the same', async () => {
  const red = await sharp({ create: { width: 32, height: 48, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'blue' } })
    .composite([{ input: red, left: 0, top: 0 }])
    .jpeg()
    .toBuffer();
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  const picture = await new TestCamera({ input: server.address('stream'), rotation: 90 }).look();
  expect(picture.size).toEqual({ width: 48, height: 64 });
  const shown = await sharp(picture.bytes, { raw: { ...picture.size, channels: 3 } })
    .png()
    .toBuffer();
  expect(await colourAt({ ...picture, bytes: shown }, 0.5, 0.1)).toBe('256 0 0');
});

/** Its segments lie in the folder. @returns its address */
async function hlsCamera(inFolder: string, seconds: number, ...options: string[]): Promise<string> {
  const port = await freePort();
  mkdirSync(inFolder, { recursive: true });
  background('sh', script('hls-camera.sh'), inFolder, String(seconds), String(port), ...options);
  await listening(port, 'x.m3u8');
  return `http://127.0.0.1:${port}/x.m3u8`;
}

test('HLS in segments of 10 s is steady, of MPEG-TS or fragmented MP4', async () => {
  const steady = async (name: string, ...options: string[]): Promise<void> => {
    const camera = new TestCamera({ input: await hlsCamera(join(folder, name), 60, ...options) });
    const end = performance.now() + 35_000;
    let pictures = 0;
    for (; performance.now() < end; pictures++) await camera.look();
    expect(pictures).toBeGreaterThan(3);
    expect(camera.logged.filter((line) => line.startsWith('stream opened'))).toHaveLength(1);
  };
  await Promise.all([steady('ts'), steady('mp4', '-hls_segment_type', 'fmp4')]);
});

test('HLS whose segments no longer come is stalled, with the remedy', async () => {
  const camera = new TestCamera({ input: await hlsCamera(folder, 300) });
  await camera.look();
  process.kill(Number(readFileSync(join(folder, 'ffmpeg.pid'), 'utf8')), 'SIGSTOP');
  expect(await camera.fault()).toMatch(
    /^stalled: no picture for (30|60) s; set frame_timeout to three of its segments or more/,
  );
});

test('FLV over HTTP goes on working, scaled too', async () => {
  const port = await freePort();
  background('python3', script('flv-camera.py'), String(port));
  await listening(port);
  for (const size of [null, { width: 160, height: 160 }]) {
    const camera = new TestCamera({ input: `http://127.0.0.1:${port}/live.flv`, size });
    for (let look = 0; look < 20; look++) {
      const { size: seen } = await camera.look();
      expect(seen).toEqual(size ? { width: 160, height: 120 } : { width: 320, height: 240 });
    }
    await camera.close();
  }
});

test('a stream whose pictures come in bursts is steady', async () => {
  const graph = 'testsrc2=size=320x240:rate=2';
  const video = execFileSync(
    'ffmpeg',
    [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      graph,
      '-t',
      '120',
      '-c:v',
      'libx264',
      '-g',
      '1',
      '-f',
      'mpegts',
      '-',
    ],
    { maxBuffer: 2 ** 26 },
  );
  const server = createServer((_request, response) => {
    let sent = 0;
    const timer = setInterval(() => {
      response.write(video.subarray(sent, sent + video.length / 240));
      sent += video.length / 240;
    }, 130);
    response.on('close', () => clearInterval(timer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const camera = new TestCamera({ input: `http://127.0.0.1:${port}/live.ts` });
  for (let look = 0; look < 20; look++) await camera.look();
});

test('RTMP works', async () => {
  const port = await freePort();
  const input = `rtmp://127.0.0.1:${port}/live/porch`;
  const graph = 'testsrc2=size=320x240:rate=5';
  const encode = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '10',
    '-t',
    '30',
    '-f',
    'flv',
    '-listen',
    '1',
  ];
  background('ffmpeg', '-v', 'error', '-re', '-f', 'lavfi', '-i', graph, ...encode, input);
  const camera = new TestCamera({ input });
  const first = await camera.picture();
  expect(first.size).toEqual({ width: 320, height: 240 });
  const second = await camera.look();
  expect(Buffer.compare(first.bytes, second.bytes)).not.toBe(0);
});
