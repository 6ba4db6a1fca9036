import { CameraError } from '../domain/errors.ts';
import type { HttpAnswer } from '../system/http-client.ts';
import { PictureBody } from './picture-body.ts';

export interface HttpRunOptions {
  /** Motion JPEG without a new picture, or a picture without a new byte, for this long has stalled. */
  readonly stallMs: number;
  readonly maxPictureBytes: number;
  /** Strings that must not appear in any message. */
  readonly secrets: readonly string[];
}

export interface Arrival {
  /** A JPEG, PNG or WebP file. */
  readonly file: Uint8Array;
  /** On the clock of performance.now(). */
  readonly at: number;
}

/** How many times `stallMs` a single picture may take. */
const maxStalls = 4;

/** One answer of a camera, read to its end; of motion JPEG only the newest picture is kept. */
export class HttpRun {
  readonly #answer: HttpAnswer;
  readonly #options: HttpRunOptions;
  readonly #body: PictureBody;
  /** The newest picture, until it is taken. */
  #newest: Arrival | null = null;
  #waiter: PromiseWithResolvers<Arrival> | null = null;
  /** Why it has ended. */
  #end: CameraError | null = null;
  #pictures = 0;
  readonly #startedAt = performance.now();
  #lastSignAt = this.#startedAt;
  #timer: NodeJS.Timeout;

  constructor(answer: HttpAnswer, options: HttpRunOptions) {
    this.#answer = answer;
    this.#options = options;
    this.#body = new PictureBody({
      contentType: answer.header('content-type')[0] ?? '',
      ...options,
      onPicture: (file) => this.#onPicture(file),
    });
    this.#timer = setTimeout(() => this.#watch(), options.stallMs);
    answer.body.on('data', (chunk: Buffer) => {
      if (!this.isStream) this.#lastSignAt = performance.now();
      this.#try(() => this.#body.push(chunk));
    });
    answer.body.once('end', () => {
      this.#try(() => this.#body.end());
      this.#finish(new CameraError('ended: the camera ended the stream'));
    });
    answer.body.on('error', () => {
      const isCut = this.#pictures === 0 || !this.isStream;
      this.#finish(isCut ? this.#body.cut() : new CameraError('ended: the stream was cut off'));
    });
  }

  /** Whether pictures follow each other without end. */
  get isStream(): boolean {
    return this.#body.isStream;
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  /** Whether it stalled, and did not just end. */
  get hasStalled(): boolean {
    return this.#end?.message.startsWith('stalled') ?? false;
  }

  /** The newest picture that was not taken before; waits for one. Rejects with a CameraError when there will be none. */
  async next(signal: AbortSignal): Promise<Arrival> {
    signal.throwIfAborted();
    const newest = this.#newest;
    this.#newest = null;
    // What was kept of a stream that has ended may be old.
    if (newest && (!this.#end || performance.now() - newest.at < this.#options.stallMs)) return newest;
    if (this.#end) throw this.#end;
    const waiter = Promise.withResolvers<Arrival>();
    this.#waiter = waiter;
    const onAbort = (): void => waiter.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await waiter.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#waiter = null;
    }
  }

  /** Ends the connection. May be called again. */
  close(): void {
    this.#finish(new CameraError('closed'));
  }

  #onPicture(file: Buffer): void {
    this.#pictures++;
    const arrival = { file, at: performance.now() };
    this.#lastSignAt = arrival.at;
    if (this.#waiter) this.#waiter.resolve(arrival);
    else this.#newest = arrival;
    this.#waiter = null;
  }

  #watch(): void {
    const { stallMs } = this.#options;
    const now = performance.now();
    const idleMs = now - this.#lastSignAt;
    const isSlow = this.#pictures === 0 && now - this.#startedAt >= maxStalls * stallMs;
    const [what, limitMs] = isSlow ? ['whole picture within', maxStalls * stallMs] : ['picture for', stallMs];
    if (isSlow || idleMs >= stallMs) this.#finish(new CameraError(`stalled: no ${what} ${limitMs / 1000} s`));
    else this.#timer = setTimeout(() => this.#watch(), stallMs - idleMs);
  }

  #try(read: () => void): void {
    if (this.#end) return;
    try {
      read();
    } catch (error) {
      this.#finish(error as CameraError);
    }
  }

  #finish(end: CameraError): void {
    if (this.#end) return;
    this.#end = end;
    clearTimeout(this.#timer);
    this.#answer.body.destroy();
    this.#waiter?.reject(end);
    this.#waiter = null;
  }
}
