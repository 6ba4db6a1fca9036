import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { commandLine, ffmpegChildren, TestCamera } from '../../tools/test/ffmpeg-cameras.ts';
import { HttpCamera } from '../../tools/test/http-camera.ts';
import { RtspServer, rtspServerLacks } from '../../tools/test/rtsp-server.ts';

// SCENECAST_LONG=1: every fault 20 times, with the stall limit a daemon has, and the times held against 10 s.
const isLong = process.env['SCENECAST_LONG'] === '1';
const cycles = isLong ? 20 : 3;
const stallMs = isLong ? 8000 : 3000;
vi.setConfig({ testTimeout: cycles * 120_000 });

const lacks = rtspServerLacks();
const suite = lacks === null ? 'RTSP' : `RTSP (skipped: needs Debian's ${lacks})`;

describe.skipIf(lacks !== null)(suite, () => {
  test.each([
    ['h264', 'tcp', 300, 'false'],
    ['h264', 'udp', 300, 'false'],
    ['h264', 'tcp', 5000, 'true'],
    ['mjpeg', 'tcp', 300, 'false'],
  ] as const)('%s over %s every %i ms (key frames only: %s)', async (path, transport, intervalMs, only) => {
    const server = new RtspServer();
    await server.start();
    const camera = new TestCamera({ input: server.address(path), transport, intervalMs });
    const [first, second] = [await camera.look(), await camera.look()];
    expect(first.size).toEqual({ width: 320, height: 240 });
    expect(second.bytes).not.toEqual(first.bytes); // the ball has moved on
    const opened = camera.logged.filter((line) => line.startsWith('stream opened')).at(-1);
    expect(opened).toContain(`"copy":${path === 'mjpeg'},"keyFramesOnly":${only}`);
  });

  test('a shorter interval gets every frame, a longer one key frames again', async () => {
    const server = new RtspServer();
    await server.start();
    const camera = new TestCamera({ input: server.address('h264'), intervalMs: 5000 });
    const openings: unknown[] = [];
    for (const intervalMs of [5000, 60_000, 300, 200, 5000]) {
      camera.intervalMs = intervalMs;
      for (let look = 0; look < 3; look++) await camera.look();
      const opened = camera.logged.filter((line) => line.startsWith('stream opened'));
      openings.push([opened.length, /"keyFramesOnly":true/.test(opened.at(-1)!)]);
    }
    expect(openings).toEqual([
      [1, true],
      [1, true],
      [2, false],
      [3, false],
      [4, true],
    ]);
    expect(ffmpegChildren()).toHaveLength(1);
  });

  test('if key frames are rare, every frame is decoded', async () => {
    const server = new RtspServer({ keyFrameEvery: 10_000 });
    await server.start();
    const camera = new TestCamera({ input: server.address('h264'), intervalMs: 5000, stallMs: 3000 });
    for (let look = 0; look < 3; look++) await camera.picture();
    expect(camera.logged.join('\n')).toMatch(/key frames are rare/);
    expect(camera.logged.join('\n')).not.toMatch(/stalled/);
  });

  test('a wrong path and a stream without video are reported', async () => {
    const server = new RtspServer();
    await server.start();
    await expect(new TestCamera({ input: server.address('nope') }).look()).rejects.toThrow(/^not found; /);
    await expect(new TestCamera({ input: server.address('audio') }).look()).rejects.toThrow(
      /^no video stream/,
    );
  });

  test(`frozen, killed and started again ${cycles} times: each fault is reported, and each time the camera recovers`, async () => {
    const server = new RtspServer();
    await server.start();
    const noticedMs: Record<string, number[]> = { frozen: [], killed: [] };
    const backMs: Record<string, number[]> = { frozen: [], killed: [] };
    const since = (start: number): number => Math.round(performance.now() - start);
    for (let cycle = 0; cycle < cycles; cycle++) {
      // Every other time the camera waits for key frames, and detects a stall by the packets.
      const intervalMs = cycle % 2 === 0 ? 1000 : 5000;
      const camera = new TestCamera({ input: server.address('h264'), intervalMs, stallMs });
      for (const fault of ['frozen', 'killed'] as const) {
        await camera.picture();
        await sleep(Math.random() * 2000);
        const failedAt = performance.now();
        if (fault === 'frozen') server.freeze();
        else await server.kill();
        expect(await camera.fault()).toMatch(fault === 'frozen' ? /^stalled: no picture for/ : /^ended/);
        noticedMs[fault]!.push(since(failedAt));
        expect(ffmpegChildren()).toEqual([]);
        if (fault === 'frozen') server.thaw();
        else await server.start();
        const returnedAt = performance.now();
        await camera.picture();
        backMs[fault]!.push(since(returnedAt));
      }
      await camera.close();
    }
    if (!isLong) return;
    for (const fault of ['frozen', 'killed']) {
      for (const [what, times] of [
        ['noticed', noticedMs[fault]!] as const,
        ['back', backMs[fault]!] as const,
      ]) {
        const sorted = times.toSorted((a, b) => a - b);
        const [median, longest] = [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
        console.log(`${fault}, ${what}: median ${median} ms, longest ${longest} ms, of ${sorted.length}`);
        expect(longest).toBeLessThan(10_000);
      }
    }
  });

  test.each(['basic', 'digest'] as const)('a login by %s over RTSP does not leak', async (auth) => {
    const server = new RtspServer({ credentials: `${login.username}:${login.password}`, auth });
    await server.start();
    await expectSecret({ input: server.address('h264'), wrongInput: server.address('nope') });
  });
});

test.each(['basic', 'digest'] as const)('a login by %s over HTTP does not leak', async (auth) => {
  const jpeg = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'lime' } })
    .jpeg()
    .toBuffer();
  const server = new HttpCamera({ jpeg: () => jpeg, credentials: login, auth });
  await server.start();
  await expectSecret({ input: server.address('stream'), wrongInput: server.address('nope') });
});

const login = { username: 'ad min', password: "s3cr'et@d:/%&ü" };

/**
 * The camera at `input` is let in with the login and not without; no process has the password among its arguments
 * or in its environment, and no log line or error at `wrongInput` contains it.
 */
async function expectSecret({ input, wrongInput }: { input: string; wrongInput: string }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-login-'));
  const passwordFile = join(folder, 'password');
  const { username, password } = login;
  try {
    writeFileSync(passwordFile, `${password}\nthe second line is none\n`);
    const camera = new TestCamera({ input, username, passwordFile });
    await camera.picture();
    const [pid] = ffmpegChildren();
    const everyArgument = readdirSync('/proc').map((name) =>
      /^\d+$/.test(name) ? commandLine(Number(name)) : '',
    );
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    await camera.close();
    const lost = new TestCamera({ input: wrongInput, username, passwordFile });
    const notFound = await lost.fault();
    writeFileSync(passwordFile, 'wr0ng');
    const refused = new TestCamera({ input, username, passwordFile });
    const unauthorised = await refused.fault();
    expect(notFound).toMatch(/^not found; /);
    expect(unauthorised).toMatch(/^unauthorised; check username and password_file/);
    const log = [...camera.logged, ...lost.logged, ...refused.logged].join('\n');
    expect(log).toMatch(/Impossible to open '(rtsp|http):\/\/127\.0\.0\.1:\d+'/); // where ffmpeg prints the address
    for (const text of [...everyArgument, environment, notFound, unauthorised, log]) {
      expect(text).not.toMatch(/s3cr|wr0ng|ad(%20| )min/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
