import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeAll, expect, test } from 'vitest';
import { V4l2Camera, type V4l2Options } from '../../src/camera/v4l2.ts';
import { loadV4l2Addon } from '../../src/camera/v4l2-addon.ts';
import { cameraErrorOf } from '../../src/camera/v4l2-errors.ts';
import { listV4l2Cameras } from '../../src/camera/v4l2-list.ts';
import { CameraError } from '../../src/domain/errors.ts';

// Tests without a device; npm run board-vm -- cameras has the rest.
const never = new AbortController().signal;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scenecast-v4l2-'));
  return () => rmSync(folder, { recursive: true });
});

function cameraAt(path: string): V4l2Camera {
  const wanted = { size: null, rate: null, format: 'auto', controls: {} };
  const options: V4l2Options = { path, ...wanted, rotation: 0, flip: 'none', frameTimeoutMs: 1000 };
  return new V4l2Camera('porch', options, silent);
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;
const threads = (): number => readdirSync('/proc/self/task').length;

test.each([
  [
    'a device that is not there',
    '/dev/video250',
    /^\/dev\/video250: no such device; check that it is plugged in.*doctor cameras/,
  ],
  ['another kind of device', '/dev/null', /^\/dev\/null: is not a video device; /],
  ['a terminal, which opening would change', '/dev/tty', /^\/dev\/tty: is not a video device; /],
  ['a path through a file', '/dev/null/video0', /^\/dev\/null\/video0: no such device; /],
])('%s is named', async (_name, path, message) => {
  const camera = cameraAt(path);
  await camera.start();
  const failure = await camera.capture(never).catch((error) => error);
  expect(failure).toBeInstanceOf(CameraError);
  expect(failure.message).toMatch(message);
  expect(failure.cause).toMatchObject({ code: expect.stringMatching(/^NO/) });
  await camera.close();
});

test('a regular file and a folder are refused by name', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'no camera');
  for (const path of [file, folder])
    await expect(cameraAt(path).capture(never)).rejects.toThrow(`${path}: is not a video device`);
});

test('every capture tries again, and failed ones leave nothing open', async () => {
  const camera = cameraAt('/dev/video250');
  await expect(camera.capture(never)).rejects.toThrow(CameraError);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = { descriptors: descriptors(), threads: threads() };
  for (let time = 0; time < 50; time++) await expect(camera.capture(never)).rejects.toThrow(/no such device/);
  // Threads end shortly after their last callback.
  await expect.poll(threads).toBeLessThanOrEqual(before.threads);
  await expect.poll(descriptors).toBeLessThanOrEqual(before.descriptors);
});

test('close may be called twice and before start, and ends captures for good', async () => {
  const camera = cameraAt('/dev/video250');
  await Promise.all([camera.close(), camera.close()]);
  await camera.close();
  await expect(camera.capture(never)).rejects.toThrow('/dev/video250: the camera is closed');
});

test('close waits for the pending capture', async () => {
  const camera = cameraAt('/dev/video250');
  let message = '';
  camera.capture(never).catch((error) => {
    message = error.message;
  });
  await camera.close();
  expect(message).toBe('/dev/video250: the camera is closed');
});

test('an aborted capture rejects with the reason', async () => {
  const reason = new Error('enough');
  await expect(cameraAt('/dev/video250').capture(AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('errors keep their cause, name the remedy, and are not wrapped twice', () => {
  const cause = Object.assign(new Error('/dev/video0: no permission to open it'), { code: 'NO_PERMISSION' });
  const error = cameraErrorOf('/dev/video0', cause);
  expect(error.message).toBe(
    '/dev/video0: no permission to open it; add the user that runs Scenecast to the group video (usermod -aG video USER) and log in again',
  );
  expect(error.cause).toBe(cause);
  expect(cameraErrorOf('/dev/video0', error)).toBe(error);
  expect(cameraErrorOf('/dev/video0', new Error('out of memory')).message).toBe('/dev/video0: out of memory');
});

test('the addon refuses a value that is not a path', async () => {
  await expect(loadV4l2Addon().open(7 as never)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'path must be a string',
  });
});

test('a worker thread that uses the addon ends cleanly', async () => {
  const code = `
    const addon = require(${JSON.stringify(join(import.meta.dirname, '../../build/native/v4l2.node'))});
    addon.open('/dev/null').catch(() => {});
    addon.open('/dev/video250').catch((error) => require('node:worker_threads').parentPort.postMessage(error.code));
  `;
  const worker = new Worker(code, { eval: true });
  const [message, exit] = await Promise.all([
    new Promise((resolve) => worker.once('message', resolve)),
    new Promise((resolve) => worker.once('exit', resolve)),
  ]);
  expect([message, exit]).toEqual(['NO_DEVICE', 0]);
});

test('nodes that are not cameras are listed with the reason; other files are not', async () => {
  for (const name of ['video10', 'video2', 'videox', 'vbi0']) symlinkSync('/dev/null', join(folder, name));
  const { cameras, others } = await listV4l2Cameras(folder);
  expect(cameras).toEqual([]);
  expect(others.map(({ path, code }) => [path, code])).toEqual([
    [join(folder, 'video2'), 'NOT_A_CAMERA'],
    [join(folder, 'video10'), 'NOT_A_CAMERA'],
  ]);
});

test('a machine without video devices lists none', async () => {
  expect(await listV4l2Cameras(join(folder, 'nothing'))).toEqual({ cameras: [], others: [] });
});
