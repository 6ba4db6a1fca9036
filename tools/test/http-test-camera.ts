import { onTestFinished } from 'vitest';
import { HttpCamera, type HttpOptions } from '../../src/camera/http.ts';
import { CameraError } from '../../src/domain/errors.ts';
import type { Picture } from '../../src/domain/frame.ts';
import { LogLines } from './log-lines.ts';

/** An HTTP camera with its log, started and closed by the test. */
export class HttpTestCamera extends HttpCamera {
  readonly log: LogLines;
  #starting: Promise<void> | null = null;

  constructor(options: Partial<HttpOptions> & { readonly url: string }) {
    const log = new LogLines();
    super('porch', {
      username: null,
      passwordFile: null,
      caFile: null,
      fingerprint: null,
      rotation: 0,
      size: null,
      stallMs: 8000,
      log,
      ...options,
    });
    this.log = log;
    onTestFinished(() => this.close());
  }

  /** One look. */
  async look(isRequested = false): Promise<Picture> {
    this.#starting ??= this.start();
    await this.#starting;
    return this.capture(new AbortController().signal, { isRequested });
  }

  /** The message of a look that fails. */
  async fault(isRequested = false): Promise<string> {
    const error = await this.look(isRequested).then(
      ({ size }) => new Error(`a picture of ${size.width}x${size.height}`),
      (reason: unknown) => reason,
    );
    if (error instanceof CameraError) return error.message;
    throw error;
  }
}
