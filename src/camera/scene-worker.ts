import { parentPort } from 'node:worker_threads';
import type { Size } from '../domain/frame.ts';
import { drawScene } from './scene-draw.ts';
import { sampleScene } from './scene-layout.ts';

// The drawing thread of a SceneCamera: takes a seed and a size, replies with a JPEG or an Error.
parentPort?.on('message', async ({ seed, size }: { seed: number; size: Size }) => {
  try {
    parentPort?.postMessage(new Uint8Array(await drawScene(sampleScene(seed, size))));
  } catch (error) {
    parentPort?.postMessage(error);
  }
});
