import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { colourAt, ffmpegChildren, saveClip, TestCamera } from '../../tools/test/ffmpeg-cameras.ts';
import { HttpCamera } from '../../tools/test/http-camera.ts';
import { until } from '../../tools/test/until.ts';

// These tests fail without ffmpeg; scripts/test.sh installs it.
vi.setConfig({ testTimeout: 300_000 });

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-ffmpeg-'));
  return () => rmSync(folder, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

const signal = new AbortController().signal;
const graph = 'lavfi:color=red:size=64x48:rate=20';

test('a graph gives a new picture at each look, with its size, age and correct colours', async () => {
  const camera = new TestCamera({ input: graph });
  await camera.start(signal);
  const [first, second] = [await camera.look(), await camera.look()];
  expect(first.size).toEqual({ width: 64, height: 48 });
  expect(second.bytes).not.toBe(first.bytes);
  expect(first.takenAt).toBeInstanceOf(Date);
  expect(second.takenAt!.getTime()).toBeGreaterThan(first.takenAt!.getTime());
  expect(await colourAt(second, 0.5, 0.5)).toBe('256 0 0');
});

test('only the newest picture is kept', async () => {
  const camera = new TestCamera({ input: 'lavfi:testsrc2=size=64x48:rate=20', intervalMs: 100 });
  const { takenAt } = await camera.look();
  await until(() => Date.now() - takenAt!.getTime() > 3000);
  const later = await camera.look();
  expect(later.takenAt!.getTime() - takenAt!.getTime()).toBeGreaterThan(1000); // the next would be 50 ms younger
});

test.each([
  [90, { width: 48, height: 64 }, '0 0 256', '256 0 0'],
  [180, { width: 64, height: 48 }, '256 0 0', '256 0 0'],
  [270, { width: 48, height: 64 }, '256 0 0', '0 0 256'],
] as const)('turned by %i degrees, clockwise', async (rotation, size, top, bottom) => {
  const left = 'drawbox=x=0:y=0:w=32:h=48:color=blue:t=fill'; // blue on the left, red on the right
  const camera = new TestCamera({ input: `${graph},${left}`, rotation });
  const picture = await camera.look();
  expect(picture.size).toEqual(size);
  expect([await colourAt(picture, 0.2, 0.1), await colourAt(picture, 0.2, 0.9)]).toEqual([top, bottom]);
});

test('a released camera has no process, and the next look opens it again', async () => {
  const camera = new TestCamera({ input: graph });
  await camera.look();
  expect(ffmpegChildren()).toHaveLength(1);
  await camera.release();
  expect(ffmpegChildren()).toEqual([]);
  await setTimeout(1500);
  expect(ffmpegChildren()).toEqual([]);
  expect((await camera.look()).size).toEqual({ width: 64, height: 48 });
});

test('a large picture is scaled down in proportion, a small one is kept', async () => {
  const sizeOf = async (size: { width: number; height: number }): Promise<object> =>
    (await new TestCamera({ input: graph, size }).look()).size;
  expect(await sizeOf({ width: 32, height: 32 })).toEqual({ width: 32, height: 24 });
  expect(await sizeOf({ width: 640, height: 480 })).toEqual({ width: 64, height: 48 });
});

test('the files of a folder play in a loop, skipping one that is not a video', async () => {
  saveClip(join(folder, 'a.mp4'), 'red', 0.5);
  saveClip(join(folder, 'c.MKV'), 'blue', 0.5);
  writeFileSync(join(folder, 'b.avi'), 'no video'.repeat(100));
  writeFileSync(join(folder, 'notes.txt'), 'not even a name for one');
  const camera = new TestCamera({ input: folder, intervalMs: 100 });
  const seen: string[] = [];
  while (seen.length < 6) {
    const shown = await camera.look().then(
      (picture) => colourAt(picture, 0.5, 0.5),
      (error: Error) => error.message.split(';')[0]!,
    );
    if (shown !== seen.at(-1)) seen.push(shown);
  }
  expect(seen).toEqual(['256 0 0', 'codec unknown', '0 0 256', '256 0 0', 'codec unknown', '0 0 256']);
});

test('motion JPEG over HTTP is passed through unchanged', async () => {
  const jpeg = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'lime' } })
    .jpeg()
    .toBuffer();
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  const camera = new TestCamera({ input: server.address('stream?token=1') });
  for (let look = 0; look < 3; look++) expect(Buffer.from((await camera.look()).bytes)).toEqual(jpeg);
  expect(server.requests).toBe(1);
});

test('single pictures over HTTP are fetched once per look', async () => {
  let width = 10;
  const draw = (): Promise<Buffer> =>
    sharp({ create: { width, height: 10, channels: 3, background: 'lime' } })
      .jpeg()
      .toBuffer();
  let jpeg = await draw();
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  const camera = new TestCamera({ input: server.address('snapshot') });
  for (; width <= 30; width += 10) {
    jpeg = await draw();
    expect((await camera.look()).size.width).toBe(width);
  }
});

test('a frozen and a closed stream are reported, and reopened', async () => {
  const jpeg = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'lime' } })
    .jpeg()
    .toBuffer();
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  const camera = new TestCamera({ input: server.address('stream'), stallMs: 3000 });
  await camera.picture();
  server.frozen = true;
  expect(await camera.fault()).toBe('stalled: no picture for 3 s');
  expect(ffmpegChildren()).toEqual([]);
  server.frozen = false;
  await camera.picture();
  await camera.picture(); // a single one would count as a snapshot
  server.hangUp();
  expect(await camera.fault()).toMatch(/^ended/);
  expect(ffmpegChildren()).toEqual([]);
  await camera.picture();
});

test('an RTSP camera that accepts the connection and never answers is unreachable', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as { port: number };
  const camera = new TestCamera({ input: `rtsp://127.0.0.1:${port}/live` });
  await expect(camera.look()).rejects.toThrow(/^unreachable: no picture within \d+ s of opening/);
  expect(ffmpegChildren()).toEqual([]);
}, 60_000);

test.each([
  ['nothing listens', 'http://127.0.0.1:1/stream', /^refused; /],
  ['no such host', 'rtsp://camera.invalid/stream', /^unreachable; /],
  ['no such file', '/nowhere/clip.mp4', /^not found: \/nowhere\/clip\.mp4: cannot be read/],
  ['a graph of nonsense', 'lavfi:nonsense', /^ended \(ffmpeg: /],
])('%s is reported by the look', async (_name, input, message) => {
  const camera = new TestCamera({ input });
  await expect(camera.look()).rejects.toThrow(message);
  expect(ffmpegChildren()).toEqual([]);
});

test('a page instead of a picture, and a wrong path, are reported', async () => {
  const server = new HttpCamera({ jpeg: () => Buffer.alloc(0) });
  await server.start();
  await expect(new TestCamera({ input: server.address('page') }).look()).rejects.toThrow(/^codec unknown; /);
  await expect(new TestCamera({ input: server.address('nope') }).look()).rejects.toThrow(/^not found; /);
});

test('a camera that refuses the login gets one, and no other for minutes', async () => {
  const server = new HttpCamera({
    jpeg: () => Buffer.alloc(0),
    credentials: { username: 'viewer', password: 'right' },
  });
  await server.start();
  writeFileSync(join(folder, 'password'), 'wrong');
  const camera = new TestCamera({
    input: server.address('stream'),
    username: 'viewer',
    passwordFile: join(folder, 'password'),
  });
  const reasons = [await camera.fault(), await camera.fault(), await camera.fault()];
  expect(new Set(reasons).size).toBe(1);
  expect(reasons[0]).toMatch(/^unauthorised; .*next attempt after 5 min, so that the camera does not lock/);
  expect(server.logins).toBe(1);
  await expect(camera.capture(signal, { isRequested: true })).rejects.toThrow(/after 10 min/);
  expect(server.logins).toBe(2);
});

test('a picture that is cut is a fault, and type http is proposed', async () => {
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'lime' } })
    .jpeg()
    .toBuffer();
  const server = new HttpCamera({ jpeg: () => jpeg.subarray(0, jpeg.length - 40) });
  await server.start();
  const camera = new TestCamera({ input: server.address('snapshot') });
  expect(await camera.fault()).toMatch(
    /^cut: the picture ends too early.*a source of type http reads it better/,
  );
});

test('so is a picture file that is cut', async () => {
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'lime' } })
    .jpeg()
    .toBuffer();
  const file = join(folder, 'a.jpg');
  writeFileSync(file, jpeg.subarray(0, jpeg.length - 40));
  expect(await new TestCamera({ input: file }).fault()).toMatch(/a\.jpg: cut: the picture ends too early/);
  writeFileSync(file, jpeg);
  expect((await new TestCamera({ input: file }).look()).size).toEqual({ width: 64, height: 48 });
});

test('a picture over HTTP with EXIF orientation has the size after it', async () => {
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'lime' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  const camera = new TestCamera({ input: server.address('snapshot') });
  expect((await camera.look()).size).toEqual({ width: 48, height: 64 });
  expect(camera.logged.join()).toMatch(/motion JPEG or a picture over HTTP; a source of type http/);
});

test('a proxy of the environment is not used', async () => {
  vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'lime' } })
    .jpeg()
    .toBuffer();
  const server = new HttpCamera({ jpeg: () => jpeg });
  await server.start();
  expect((await new TestCamera({ input: server.address('stream') }).look()).size.width).toBe(64);
});

test('an unreadable password file is reported', async () => {
  const camera = new TestCamera({
    input: 'rtsp://127.0.0.1:1/',
    username: 'me',
    passwordFile: '/nowhere/pw',
  });
  await expect(camera.look()).rejects.toThrow('password_file /nowhere/pw: cannot be read');
});

test('a missing or old ffmpeg is reported with the remedy', async () => {
  const camera = new TestCamera({ input: graph });
  const fake = (script: string): void => {
    writeFileSync(join(folder, 'ffmpeg'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };
  vi.stubEnv('PATH', folder); // neither setpriv nor ffmpeg
  await expect(camera.start(signal)).rejects.toThrow(/ffmpeg cannot be run.*apt install ffmpeg/);
  await expect(camera.look()).rejects.toThrow('ffmpeg cannot be run');
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
  fake('echo ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright');
  await expect(camera.start(signal)).rejects.toThrow(
    /ffmpeg 4\.4\.2\S* is too old; 5\.1 or newer.*apt install/,
  );
  fake('echo ffmpeg version N-109542-g1bf1222 Copyright');
  await camera.start(signal);
});

test('a process that cannot be started is reported, and the next look tries again', async () => {
  const camera = new TestCamera({ input: graph });
  // The kernel accepts no variable above 128 KiB; Node then throws as it does without memory.
  vi.stubEnv('HUGE', 'x'.repeat(200_000));
  expect(await camera.fault()).toMatch(/^ffmpeg cannot be run: spawn E2BIG/);
  vi.unstubAllEnvs();
  expect((await camera.picture()).size).toEqual({ width: 64, height: 48 });
});

test('a file of a single picture is read once per look, not in a loop', async () => {
  const path = join(folder, 'snap.jpg');
  writeFileSync(
    path,
    await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
      .toFormat('jpeg')
      .toBuffer(),
  );
  const camera = new TestCamera({ input: path });
  await camera.look();
  await until(() => ffmpegChildren().length === 0);
  const opened = (): number => camera.logged.filter((line) => line.startsWith('stream opened')).length;
  const before = opened();
  await setTimeout(2000);
  expect(opened()).toBe(before);
  expect((await camera.picture()).size).toEqual({ width: 64, height: 48 });
});

test('a look that finds a stream long ended reopens it', async () => {
  const camera = new TestCamera({ input: graph });
  await camera.look();
  process.kill(ffmpegChildren()[0]!, 'SIGKILL');
  await until(() => ffmpegChildren().length === 0);
  await setTimeout(200);
  const now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now + 60_000);
  onTestFinished(() => void vi.restoreAllMocks());
  expect((await camera.look()).size).toEqual({ width: 64, height: 48 });
  expect(camera.logged.join('\n')).toMatch(/stream failed between captures .*killed by SIGKILL/);
});

test('an aborted look rejects, and the stream continues', async () => {
  const camera = new TestCamera({ input: graph });
  const aborter = new AbortController();
  const look = camera.capture(aborter.signal);
  aborter.abort(new Error('enough'));
  await expect(look).rejects.toThrow('enough');
  expect((await camera.look()).size.width).toBe(64);
});

test('closing ends an ffmpeg that ignores SIGTERM, rejects a pending look, and may be repeated', async () => {
  const camera = new TestCamera({ input: graph });
  await camera.look();
  const [pid] = ffmpegChildren();
  process.kill(pid!, 'SIGSTOP');
  const looks = camera.look().then(() => camera.look()); // one more picture may be there
  const waiting = expect(looks).rejects.toThrow('closed');
  await Promise.all([camera.close(), camera.close()]);
  await waiting;
  expect(ffmpegChildren()).toEqual([]);
  await expect(camera.look()).rejects.toThrow('closed');
});

test('ffmpeg ends with its daemon, even a killed one', async () => {
  const script = join(folder, 'daemon.ts');
  const support = join(import.meta.dirname, '../../src/camera/ffmpeg.ts');
  const options = {
    input: graph,
    transport: 'tcp',
    username: null,
    passwordFile: null,
    rotation: 0,
    size: null,
  };
  writeFileSync(
    script,
    `import { FfmpegCamera } from '${support}';
     const log = { debug() {}, info() {}, warn() {}, error() {} };
     const options = { ...${JSON.stringify(options)}, intervalMs: () => 200, stallMs: 8000, log };
     await new FfmpegCamera('porch', options).capture(new AbortController().signal);
     console.log('looking');`,
  );
  const daemon = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(daemon.stdout, 'data');
  const children = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8');
  const pid = Number(children.trim());
  expect(isRunning(pid)).toBe(true);
  process.kill(pid, 'SIGSTOP'); // stopped, it cannot notice that its pipe is closed
  daemon.kill('SIGKILL');
  await until(() => !isRunning(pid));
});

test('thirty openings leave no descriptor, timer or process behind', async () => {
  const camera = new TestCamera({ input: graph });
  const held = async (): Promise<object> => {
    for (let round = 0; round < 5; round++) await setImmediate(); // handles close shortly after their processes
    return {
      descriptors: readdirSync('/proc/self/fd').length,
      resources: process
        .getActiveResourcesInfo()
        .filter((name) => name !== 'Timeout')
        .sort(),
      children: ffmpegChildren().length,
    };
  };
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const open = async (): Promise<void> => {
    await camera.look();
    process.kill(ffmpegChildren()[0]!, 'SIGKILL');
    expect(await camera.fault()).toMatch(/^ended: ffmpeg was killed by SIGKILL/);
  };
  await open(); // modules loaded once stay
  const before = await held();
  const timersBefore = timers();
  for (let cycle = 0; cycle < 30; cycle++) await open();
  expect(await held()).toEqual(before);
  // Other descriptors come and go; a leak of thirty is visible.
  expect(timers()).toBeLessThan(timersBefore + 10);
});

/** Whether a process runs; a zombie does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
