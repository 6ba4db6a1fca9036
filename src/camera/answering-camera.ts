import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera } from '../pipeline/ports.ts';

/**
 * A camera that always answers: one that gives neither picture nor error within `limitMs` is told to stop, and waited for
 * no longer. Cameras bound their own waits; this is for what they overlook, which would else stall them for ever.
 */
export class AnsweringCamera implements Camera {
  readonly #camera: Camera;
  readonly #limitMs: number;
  /** A capture that was given up has not ended. */
  #hangs = false;
  /** Tells captures to stop; a new one after each that was given up. */
  #giveUp = new AbortController();
  /** Joining two signals costs as much as the rest of a look, and whoever looks gives the same one each time. */
  #joined: { readonly signal: AbortSignal; readonly ended: AbortSignal } | null = null;

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

  /** Rejects with a CameraError where there is no answer in time, and at once while an earlier capture still hangs. */
  async capture(signal: AbortSignal): Promise<Picture> {
    // Each would hold on to something more, such as a thread that waits for a network disk.
    if (this.#hangs) throw new CameraError('the camera does not answer: an earlier look still waits for it');
    const captured = this.#camera.capture(this.#endedBy(signal));
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new CameraError(
        `the camera does not answer: neither a picture nor an error for ${this.#limitMs / 1000} s`,
      );
      reject(error);
      this.#hangs = true;
      const letGo = (): void => {
        this.#hangs = false;
      };
      captured.then(letGo, letGo);
      this.#giveUp.abort(error);
      this.#giveUp = new AbortController();
      this.#joined = null;
    }, this.#limitMs);
    try {
      return await Promise.race([captured, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): Promise<void> {
    return this.#camera.close();
  }

  #endedBy(signal: AbortSignal): AbortSignal {
    if (this.#joined?.signal !== signal)
      this.#joined = { signal, ended: AbortSignal.any([signal, this.#giveUp.signal]) };
    return this.#joined.ended;
  }
}
