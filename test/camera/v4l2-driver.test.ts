import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { V4l2Camera, type V4l2Options } from '../../src/camera/v4l2.ts';
import type { V4l2Device, V4l2Frame } from '../../src/camera/v4l2-addon.ts';

// A driver that hangs cannot be had, so it is mocked here. Real drivers: npm run board-vm -- cameras.
const never = new AbortController().signal;
const hangs = (): Promise<never> => new Promise(() => {});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const frame: V4l2Frame = {
  ...{ bytes: new Uint8Array(4 * 2 * 3), isJpeg: false, width: 4, height: 2 },
  ...{ sequence: 0, ageMs: 40, damaged: 0 },
};

/** A mock device of one format; `parts` overrides its methods. */
function mockDevice(parts: Partial<V4l2Device> = {}): V4l2Device & { readonly closes: number } {
  const sides = { minWidth: 4, maxWidth: 4, stepWidth: 1, minHeight: 2, maxHeight: 2, stepHeight: 1 };
  let closes = 0;
  return {
    names: hangs,
    formats: async () => [
      {
        fourcc: 'GREY',
        description: '',
        isUsable: true,
        sizes: [{ ...sides, intervals: [], isIntervalRange: false }],
      },
    ],
    controls: async () => [],
    setControl: async () => {},
    configure: async (request) => ({
      ...request,
      ...{ bytesPerLine: 4, colorspace: 0, ycbcrEncoding: 0, quantization: 0 },
      interval: { numerator: 1, denominator: 30 },
    }),
    capture: async () => frame,
    cancel() {},
    async close() {
      closes++;
    },
    ...parts,
    get closes() {
      return closes;
    },
  };
}

function cameraOf(...devices: (V4l2Device | Promise<V4l2Device>)[]) {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  const wanted = { size: { width: 8, height: 4 }, rate: null, format: 'auto', controls: {} };
  const options: V4l2Options = {
    path: '/dev/video9',
    ...wanted,
    rotation: 0,
    flip: 'none',
    frameTimeoutMs: 5000,
  };
  const open = async (): Promise<V4l2Device> =>
    devices.shift() ?? Promise.reject(new Error('no more devices'));
  return { camera: new V4l2Camera('porch', options, log, open), lines };
}

test('a picture has its size and time of capture; a size other than the wanted one is logged', async () => {
  vi.setSystemTime(1_000_000);
  const { camera, lines } = cameraOf(mockDevice());
  const picture = await camera.capture(never);
  expect(picture).toEqual({
    ...{ size: { width: 4, height: 2 }, bytes: frame.bytes, pixels: 'rgb24' },
    takenAt: new Date(999_960),
  });
  expect(lines.join()).toMatch(/nearest size.*"format":"GREY","size":"4x2","rate":30,"wanted":"8x4"/);
});

test('an MJPEG frame with an EXIF orientation has the size after it', async () => {
  const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const bytes = Uint8Array.from(jpeg);
  const { camera } = cameraOf(
    mockDevice({ capture: async () => ({ ...frame, bytes, isJpeg: true, width: 64, height: 48 }) }),
  );
  const picture = await camera.capture(never);
  expect(picture.size).toEqual({ width: 48, height: 64 });
  expect(picture.takenAt).toBeInstanceOf(Date);
});

test('a signal ends its own capture, and no later one', async () => {
  let cancels = 0;
  const waiting = Promise.withResolvers<V4l2Frame>();
  const answers = [frame, waiting.promise];
  const { camera } = cameraOf(
    mockDevice({ capture: async () => answers.shift()!, cancel: () => void cancels++ }),
  );
  const [first, second] = [new AbortController(), new AbortController()];
  await camera.capture(first.signal);
  const capture = camera.capture(second.signal);
  first.abort();
  expect(cancels).toBe(0);
  second.abort(new Error('enough'));
  expect(cancels).toBe(1);
  waiting.reject(Object.assign(new Error('cancelled'), { code: 'CANCELLED' }));
  await expect(capture).rejects.toThrow('enough');
  await camera.close();
});

test('a failed capture closes the device, and the next capture reopens it', async () => {
  const failure = Object.assign(new Error('/dev/video9: was unplugged'), { code: 'UNPLUGGED' });
  const first = mockDevice({ capture: () => Promise.reject(failure) });
  const second = mockDevice();
  const { camera } = cameraOf(first, second);
  await expect(camera.capture(never)).rejects.toThrow('/dev/video9: was unplugged');
  expect(first.closes).toBe(1);
  await camera.capture(never);
  await camera.capture(never);
  expect(second.closes).toBe(0);
  await camera.close();
  expect(second.closes).toBe(1);
});

test('a device that cannot be set up is closed', async () => {
  const device = mockDevice({ formats: async () => [] });
  const { camera } = cameraOf(device);
  await expect(camera.capture(never)).rejects.toThrow(/offers no supported pixel format/);
  expect(device.closes).toBe(1);
});

test('a driver that hangs during a capture is named; until it returns the device is not reopened', async () => {
  const closing = Promise.withResolvers<void>();
  const { camera, lines } = cameraOf(
    mockDevice({ capture: hangs, close: () => closing.promise }),
    mockDevice(),
  );
  const failure = expect(camera.capture(never)).rejects.toThrow('/dev/video9: driver call blocked');
  await vi.advanceTimersByTimeAsync(5000 + 2000 + 2000);
  await failure;
  expect(lines.at(-1)).toMatch(/^driver call still blocked/);
  await expect(camera.capture(never)).rejects.toThrow('reopened once it returns');
  closing.resolve();
  await closing.promise;
  await camera.capture(never);
});

test('a driver that hangs while opening is named, and a device opened late is closed', async () => {
  const late = Promise.withResolvers<V4l2Device>();
  const { camera } = cameraOf(late.promise, mockDevice());
  const failure = expect(camera.capture(never)).rejects.toThrow('/dev/video9: driver call blocked');
  await vi.advanceTimersByTimeAsync(30_000);
  await failure;
  await expect(camera.capture(never)).rejects.toThrow('reopened once it returns');
  const device = mockDevice();
  late.resolve(device);
  await vi.waitFor(() => expect(device.closes).toBe(1));
  await camera.capture(never);
});

test('close does not wait for a driver that hangs', async () => {
  const { camera } = cameraOf(mockDevice({ capture: hangs, close: hangs }));
  const failure = expect(camera.capture(never)).rejects.toThrow('the camera is closed');
  await vi.advanceTimersByTimeAsync(0);
  const closed = camera.close();
  await vi.advanceTimersByTimeAsync(2000 + 2000);
  await Promise.all([closed, failure]);
});

test('an abort cancels the pending capture', async () => {
  const waiting = Promise.withResolvers<V4l2Frame>();
  const device = mockDevice({
    capture: () => waiting.promise,
    cancel: () => waiting.reject(new Error('cancelled')),
  });
  const { camera } = cameraOf(device);
  const stop = new AbortController();
  const failure = expect(camera.capture(stop.signal)).rejects.toThrow('enough');
  await vi.advanceTimersByTimeAsync(0);
  stop.abort(new Error('enough'));
  await failure;
  expect(device.closes).toBe(1);
});

test('a released camera closes its device, and the next capture opens it again', async () => {
  const [first, second] = [mockDevice(), mockDevice()];
  const { camera } = cameraOf(first, second);
  await camera.capture(never);
  await camera.release();
  expect(first.closes).toBe(1);
  await camera.release();
  await camera.capture(never);
  expect([first.closes, second.closes]).toEqual([1, 0]);
  await camera.close();
  expect(second.closes).toBe(1);
});
