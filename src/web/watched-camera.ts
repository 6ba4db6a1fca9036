import type { Picture } from '../domain/frame.ts';
import type { Camera, CaptureOptions } from '../pipeline/ports.ts';

/** A camera that reports each picture, with its privacy masks painted if the camera within paints them. */
export class WatchedCamera implements Camera {
  readonly #camera: Camera;
  readonly #onPicture: (picture: Picture) => void;

  constructor(camera: Camera, onPicture: (picture: Picture) => void) {
    this.#camera = camera;
    this.#onPicture = onPicture;
  }

  get name(): string {
    return this.#camera.name;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#camera.start(signal);
  }

  async capture(signal: AbortSignal, options: CaptureOptions = {}): Promise<Picture> {
    const picture = await this.#camera.capture(signal, options);
    this.#onPicture(picture);
    return picture;
  }

  async release(): Promise<void> {
    await this.#camera.release?.();
  }

  close(): Promise<void> {
    return this.#camera.close();
  }
}
