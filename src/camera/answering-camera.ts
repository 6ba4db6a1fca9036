import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera, CaptureOptions } from '../pipeline/ports.ts';

/**
 * A camera that always answers: a capture that takes longer than `limitMs` is aborted and rejects. Cameras time out by
 * themselves; this is the safety net for the waits they miss.
 */
export class AnsweringCamera implements Camera {
  readonly #camera: Camera;
  readonly #limitMs: number;
  /** Whether an aborted capture has not ended yet. */
  #hangs = false;
  /** Aborts captures; replaced after each timeout. */
  #timeout = new AbortController();
  /** Cached, since AbortSignal.any costs as much as the rest of a look and callers pass the same signal each time. */
  #combined: { readonly signal: AbortSignal; readonly ended: AbortSignal } | null = null;

  constructor(camera: Camera, limitMs: number) {
    this.#camera = camera;
    this.#limitMs = limitMs;
  }

  get name(): string {
    return this.#camera.name;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#camera.start(signal);
  }

  /** Rejects with a CameraError on a timeout, and immediately while an earlier capture still hangs. */
  async capture(signal: AbortSignal, options: CaptureOptions = {}): Promise<Picture> {
    // Each further capture could block one more resource, such as a thread that waits for a network disk.
    if (this.#hangs) throw new CameraError('the camera does not answer: an earlier capture is still pending');
    const captured = this.#camera.capture(this.#endedBy(signal), options);
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new CameraError(
        `the camera does not answer: no picture and no error within ${this.#limitMs / 1000} s`,
      );
      reject(error);
      this.#hangs = true;
      const clear = (): void => {
        this.#hangs = false;
      };
      captured.then(clear, clear);
      this.#timeout.abort(error);
      this.#timeout = new AbortController();
      this.#combined = null;
    }, this.#limitMs);
    try {
      return await Promise.race([captured, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  async release(): Promise<void> {
    if (!this.#hangs) await this.#camera.release?.();
  }

  close(): Promise<void> {
    return this.#camera.close();
  }

  #endedBy(signal: AbortSignal): AbortSignal {
    if (this.#combined?.signal !== signal)
      this.#combined = { signal, ended: AbortSignal.any([signal, this.#timeout.signal]) };
    return this.#combined.ended;
  }
}
