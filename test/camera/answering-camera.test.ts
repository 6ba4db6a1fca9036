import { expect, test } from 'vitest';
import { AnsweringCamera } from '../../src/camera/answering-camera.ts';
import { CameraError } from '../../src/domain/errors.ts';
import type { Picture } from '../../src/domain/frame.ts';
import type { Camera } from '../../src/pipeline/ports.ts';

const never = new AbortController().signal;
const picture: Picture = { bytes: new Uint8Array(3), size: { width: 1, height: 1 }, pixels: 'rgb24' };

function answering(capture: Camera['capture'], limitMs = 60_000): AnsweringCamera {
  return new AnsweringCamera(
    { name: 'porch', capture, start: async () => {}, close: async () => {} },
    limitMs,
  );
}

test('a picture, and an error, go through', async () => {
  expect(await answering(async () => picture).capture(never)).toBe(picture);
  const error = new CameraError('was unplugged');
  await expect(answering(() => Promise.reject(error)).capture(never)).rejects.toBe(error);
});

test('a capture that never ends is aborted and rejects; the next capture is a new one', async () => {
  const given: AbortSignal[] = [];
  const camera = answering((signal) => {
    given.push(signal);
    if (given.length === 3) return Promise.resolve(picture);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
  }, 10);
  for (const look of [0, 1]) {
    const capture = camera.capture(never);
    await expect(capture).rejects.toThrow(
      'the camera does not answer: no picture and no error within 0.01 s',
    );
    await expect(capture).rejects.toBeInstanceOf(CameraError);
    expect(given[look]).toMatchObject({
      aborted: true,
      reason: { message: expect.stringMatching(/not answer/) },
    });
  }
  expect(await camera.capture(never)).toBe(picture);
  expect(given[2]!.aborted).toBe(false);
});

test('a camera that ignores the abort is not asked again until it ends, and a late answer is dropped', async () => {
  const { promise, reject } = Promise.withResolvers<Picture>();
  let captures = 0;
  const camera = answering(() => (++captures === 1 ? promise : Promise.resolve(picture)), 10);
  await expect(camera.capture(never)).rejects.toThrow(/no picture and no error/);
  await expect(camera.capture(never)).rejects.toThrow('an earlier capture is still pending');
  expect(captures).toBe(1);
  reject(new Error('too late'));
  await promise.catch(() => {});
  expect(await camera.capture(never)).toBe(picture);
});

test('an aborted signal ends the capture, whichever signal it is', async () => {
  const camera = answering(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  for (const reason of ['stopping', 'stopping again']) {
    const stop = new AbortController();
    const capture = camera.capture(stop.signal);
    stop.abort(new Error(reason));
    await expect(capture).rejects.toThrow(reason);
  }
});
