import { parentPort } from 'node:worker_threads';
import { drawScene } from './scene-draw.ts';
import { sampleScene } from './scene-layout.ts';
import type { SceneOrder } from './scene-order.ts';

// The drawing thread of a SceneCamera: takes a SceneOrder, replies with a JPEG or an Error.
parentPort?.on('message', async ({ seed, size, shapes }: SceneOrder) => {
  try {
    parentPort?.postMessage(new Uint8Array(await drawScene(sampleScene(seed, size, shapes))));
  } catch (error) {
    parentPort?.postMessage(error);
  }
});
