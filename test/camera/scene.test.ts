import { expect, onTestFinished, test } from 'vitest';
import { SceneCamera } from '../../src/camera/scene.ts';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';

const size = { width: 96, height: 72 };
const signal = new AbortController().signal;

async function cameraOf(everyMs: number): Promise<SceneCamera> {
  const camera = new SceneCamera('drawn', { seed: 5, size, everyMs });
  onTestFinished(() => camera.close());
  await camera.start();
  return camera;
}

test('it shows the scene of its seed, as drawn, for the time of that scene', async () => {
  const camera = await cameraOf(60_000);
  const picture = await camera.capture(signal);
  expect(picture.size).toEqual(size);
  expect(Buffer.from(picture.bytes)).toEqual(await drawScene(sampleScene(5, size)));
  expect(await camera.capture(signal)).toBe(picture);
});

test('it shows small shapes where it is set to', async () => {
  const big = { width: 320, height: 240 };
  const camera = new SceneCamera('drawn', { seed: 5, size: big, everyMs: 60_000, shapes: 'small' });
  onTestFinished(() => camera.close());
  await camera.start();
  const { bytes } = await camera.capture(signal);
  expect(Buffer.from(bytes)).toEqual(await drawScene(sampleScene(5, big, 'small')));
});

test('then it shows the next', async () => {
  const camera = await cameraOf(100);
  await camera.capture(signal);
  await new Promise((resolve) => setTimeout(resolve, 110));
  const picture = Buffer.from((await camera.capture(signal)).bytes);
  expect(picture).not.toEqual(await drawScene(sampleScene(5, size)));
});

test('a frame too small to draw in is an error; close may be called twice, and is final', async () => {
  const camera = new SceneCamera('drawn', { seed: 5, size: { width: 8, height: 8 }, everyMs: 100 });
  await camera.start();
  await expect(camera.capture(signal)).rejects.toThrow(/at least 48 pixels, not 8x8/);
  await camera.close();
  await camera.close();
  await expect(camera.capture(signal)).rejects.toThrow(/not started/);
});
