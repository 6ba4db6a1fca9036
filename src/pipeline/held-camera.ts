import { type CapturedFrame, captureFrame } from './capture-frame.ts';
import type { Camera, CaptureOptions } from './ports.ts';

/** A camera that its first capture starts, and whose device or stream is closed while nobody looks at it. */
export class HeldCamera {
  readonly #camera: Camera;
  #hasStarted = false;
  #isHeld = false;

  constructor(camera: Camera) {
    this.#camera = camera;
  }

  /** Whether its device or stream may be open. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  async capture(signal: AbortSignal, options: CaptureOptions): Promise<CapturedFrame> {
    this.#isHeld = true;
    if (!this.#hasStarted) await this.#camera.start(signal);
    this.#hasStarted = true;
    return captureFrame(this.#camera, signal, options);
  }

  async release(): Promise<void> {
    this.#isHeld = false;
    await this.#camera.release?.();
  }

  async close(): Promise<void> {
    await this.#camera.close();
  }
}
