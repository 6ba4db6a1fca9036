import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CameraError } from '../domain/errors.ts';
import type { Picture, Size } from '../domain/frame.ts';
import type { Camera } from '../pipeline/ports.ts';
import type { SceneShapeSizes } from './scene-layout.ts';
import type { SceneOrder } from './scene-order.ts';

export interface SceneOptions {
  /** The first scene's seed; each next scene counts up. */
  readonly seed: number;
  readonly size: Size;
  /** Default: large. */
  readonly shapes?: SceneShapeSizes;
  /** How long each scene is shown. */
  readonly everyMs: number;
}

/** A camera without hardware: it draws one seeded scene after another. */
export class SceneCamera implements Camera {
  readonly name: string;
  readonly #options: SceneOptions;
  #worker: Worker | null = null;
  #startedAt = 0;
  #shown: { readonly seed: number; readonly picture: Picture } | null = null;

  constructor(name: string, options: SceneOptions) {
    this.name = name;
    this.#options = options;
  }

  async start(): Promise<void> {
    // Drawing computes for tens of milliseconds; a worker thread keeps that off the event loop.
    this.#worker = new Worker(new URL('./scene-worker.ts', import.meta.url));
    this.#startedAt = performance.now();
  }

  async capture(signal: AbortSignal): Promise<Picture> {
    const { seed: first, size, everyMs } = this.#options;
    const seed = first + Math.floor((performance.now() - this.#startedAt) / everyMs);
    if (this.#shown?.seed !== seed) {
      const picture = { size, bytes: await this.#draw(seed, signal) };
      this.#shown = { seed, picture };
    }
    return this.#shown.picture;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  async #draw(seed: number, signal: AbortSignal): Promise<Uint8Array> {
    if (!this.#worker) throw new CameraError('the scene camera is not started');
    const { size, shapes } = this.#options;
    this.#worker.postMessage({ seed, size, shapes } satisfies SceneOrder);
    const [reply] = (await once(this.#worker, 'message', { signal })) as [Uint8Array | Error];
    if (reply instanceof Error) throw new CameraError(reply.message, { cause: reply });
    return reply;
  }
}
