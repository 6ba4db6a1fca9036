import { expect, test } from 'vitest';
import { CameraError } from '../../src/domain/errors.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { captureInTime } from '../../src/pipeline/capture-in-time.ts';
import type { Camera } from '../../src/pipeline/ports.ts';

const never = new AbortController().signal;
const picture: Picture = { bytes: new Uint8Array(3), size: { width: 1, height: 1 }, pixels: 'rgb24' };

function cameraThat(capture: Camera['capture']): Camera {
  return { name: 'porch', capture, start: async () => {}, close: async () => {} };
}

test('a picture, and an error, go through', async () => {
  expect(
    await captureInTime(
      cameraThat(async () => picture),
      never,
      60_000,
    ),
  ).toBe(picture);
  const error = new CameraError('was unplugged');
  await expect(
    captureInTime(
      cameraThat(() => Promise.reject(error)),
      never,
      60_000,
    ),
  ).rejects.toBe(error);
});

test('a camera that never answers is told to stop, and is not waited for', async () => {
  let given: AbortSignal | null = null;
  const camera = cameraThat((signal) => {
    given = signal;
    return new Promise(() => {});
  });
  const capture = captureInTime(camera, never, 10);
  await expect(capture).rejects.toThrow(
    'the camera does not answer: neither a picture nor an error for 0.01 s',
  );
  await expect(capture).rejects.toBeInstanceOf(CameraError);
  expect(given).toMatchObject({ aborted: true, reason: { message: expect.stringMatching(/not answer/) } });
});

test('an answer that comes too late disturbs nobody', async () => {
  const { promise, reject } = Promise.withResolvers<Picture>();
  await expect(
    captureInTime(
      cameraThat(() => promise),
      never,
      10,
    ),
  ).rejects.toThrow(/not answer/);
  reject(new Error('too late'));
  await promise.catch(() => {});
});

test('whoever stops the daemon stops the capture', async () => {
  const stop = new AbortController();
  const camera = cameraThat(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const capture = captureInTime(camera, stop.signal, 60_000);
  stop.abort(new Error('stopping'));
  await expect(capture).rejects.toThrow('stopping');
});
