import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { V4l2Camera } from '../../src/camera/v4l2.ts';
import { messageOf } from '../../src/domain/errors.ts';

// Runs with tools/test/fake-v4l2.c preloaded; prints one JSON object.
const [format] = process.argv.slice(2) as [string];
const never = new AbortController().signal;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const wish = { size: null, rate: null, format, controls: {} };
const camera = new V4l2Camera(
  'fake',
  { path: '/dev/video250', ...wish, rotation: 0, flip: 'none', frameTimeoutMs: 500 },
  silent,
);

async function setMode(word: string): Promise<void> {
  writeFileSync(process.env['FAKE_V4L2_MODE']!, word);
  await sleep(60); // the buffer in progress is filled by then
}

/** Descriptors, threads and mapped buffers of this process. */
function holdingsNow(): number[] {
  const mapped = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('fake-v4l2 (deleted)'));
  return [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length, mapped.length];
}

/** The least of ten looks: the fake device itself opens and maps for a moment what it then lets go. */
async function holdings(): Promise<number[]> {
  const least = holdingsNow();
  for (let look = 1; look < 10; look++) {
    await sleep(7); // not in step with the device's 20 ms
    for (const [at, count] of holdingsNow().entries()) least[at] = Math.min(least[at]!, count);
  }
  return least;
}

const report: Record<string, unknown> = {};
await setMode('ok');
const { size, bytes, pixels, takenAt } = await camera.capture(never);
report['first'] = {
  size,
  length: bytes.length,
  pixels,
  begin: [...bytes.subarray(0, 3)],
  end: [...bytes.subarray(-2)],
};
report['hasTime'] = Math.abs(Date.now() - takenAt!.getTime()) < 1000;

// All buffers are full and old by now.
await sleep(300);
const asked = Date.now();
report['waitedForNew'] = (await camera.capture(never)).takenAt!.getTime() >= asked - 2;

const before = await holdings();
for (const mode of ['freeze', 'marked', 'short', 'cut', 'eio', 'enodev']) {
  await setMode(mode);
  report[mode] = await camera.capture(never).then(() => 'a picture', messageOf);
  await setMode('ok');
  await camera.capture(never);
}
for (let cycle = 0; cycle < 30; cycle++) {
  writeFileSync(process.env['FAKE_V4L2_MODE']!, cycle % 2 ? 'enodev' : 'eio');
  while (
    await camera.capture(never).then(
      () => true,
      () => false,
    )
  ); // until it is noticed
  writeFileSync(process.env['FAKE_V4L2_MODE']!, 'ok');
  await camera.capture(never);
}
await sleep(100);
report['growth'] = (await holdings()).map((count, at) => Math.max(0, count - before[at]!));

await camera.capture(never);
await setMode('freeze');
await sleep(100);
const waiting = camera.capture(never).then(() => 'a picture', messageOf);
await sleep(100);
await Promise.all([camera.close(), camera.close()]);
report['closed'] = await waiting;

await setMode('busy');
const second = new V4l2Camera(
  'second',
  { path: '/dev/video250', ...wish, rotation: 0, flip: 'none', frameTimeoutMs: 500 },
  silent,
);
report['busy'] = await second.capture(never).then(() => 'a picture', messageOf);
await second.close();
console.log(JSON.stringify(report));
