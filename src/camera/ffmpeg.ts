import { extname } from 'node:path';
import { CameraError, messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera, CaptureOptions, Log } from '../pipeline/ports.ts';
import { encodedPicture } from './encoded-picture.ts';
import {
  canCopy,
  type FfmpegPlan,
  type FfmpegSource,
  ffmpegCommand,
  firstPlan,
  inputKind,
  needSameStream,
} from './ffmpeg-command.ts';
import { ffmpegInstalled } from './ffmpeg-installed.ts';
import { type FfmpegEnd, FfmpegRun } from './ffmpeg-run.ts';
import { fileAfter, listFiles } from './list-files.ts';
import { readLogin, userInfo } from './login.ts';
import { LoginPause } from './login-refusal.ts';
import { pictureEndings, readPicture } from './still.ts';
import { fitPicture } from './turn-picture.ts';

export interface FfmpegOptions extends Omit<FfmpegSource, 'intervalMs'> {
  /** The current time between two captures. */
  readonly intervalMs: () => number;
  readonly username: string | null;
  /** A file whose first line is the password; read each time the stream is opened. */
  readonly passwordFile: string | null;
  readonly log: Log;
}

interface Arrival {
  readonly jpeg: Uint8Array;
  /** On the clock of performance.now(). */
  readonly at: number;
  /** As the camera gave it; else decoded, rotated and scaled by ffmpeg. */
  readonly isCopied: boolean;
}

/** The next capture rejects with a failure no older than this; older ones may long be over. */
const freshFailureMs = 10_000;
const videoEndings = ['.mp4', '.mkv', '.mov', '.avi', '.webm', '.m4v', '.ts', '.mpg', '.mpeg', '.flv'];

/**
 * A camera that ffmpeg reads: RTSP, streams over HTTP, RTMP, video files in a loop at their own rate, and lavfi graphs. One
 * child process per camera outputs JPEG pictures, of which only the newest is kept. The first capture opens the stream; it
 * is reopened by the first capture after a failure, and if the interval changes.
 */
export class FfmpegCamera implements Camera {
  readonly name: string;
  readonly #options: FfmpegOptions;
  /** The source that the plan was made for. */
  #source: FfmpegSource;
  #plan: FfmpegPlan;
  #run: FfmpegRun | null = null;
  #opening: Promise<void> | null = null;
  /** The newest picture, until a capture takes it. */
  #newest: Arrival | null = null;
  /** A failure between captures, until the next one reports it. `at` is on the clock of performance.now(). */
  #failure: { readonly error: CameraError; readonly at: number } | null = null;
  #waiter: PromiseWithResolvers<Arrival> | null = null;
  #lastFile: string | null = null;
  #closed = false;
  #isReleased = false;
  #advised = false;
  readonly #pause: LoginPause;

  constructor(name: string, options: FfmpegOptions) {
    this.name = name;
    this.#options = options;
    this.#pause = new LoginPause(options.passwordFile);
    this.#source = { ...options, intervalMs: options.intervalMs() };
    this.#plan = firstPlan(this.#source);
  }

  /** Rejects with a CameraError if ffmpeg is missing or too old. */
  async start(signal: AbortSignal): Promise<void> {
    await ffmpegInstalled(signal);
  }

  /**
   * The newest picture that was not returned before; waits for one if necessary.
   * Rejects with a CameraError that begins with a reason (refused, unreachable, unauthorised, not found, stalled,
   * ended, no video stream, codec unknown); ffmpeg has exited by then. One caller at a time.
   */
  async capture(signal: AbortSignal, { isRequested = false }: CaptureOptions = {}): Promise<Picture> {
    const { jpeg, at, isCopied } = await this.#pause.unlessPaused(isRequested, () => this.#next(signal));
    const takenAt = new Date(Date.now() - (performance.now() - at));
    const picture = await encodedPicture(jpeg, 'codec unknown', takenAt);
    return isCopied ? fitPicture(picture, this.#options) : picture;
  }

  /** Ends ffmpeg and waits for its exit; the next capture opens the stream again. */
  async release(): Promise<void> {
    this.#isReleased = true;
    await this.#opening?.catch(() => {});
    await this.#run?.stop();
    this.#newest = null;
    this.#failure = null;
  }

  /** Ends ffmpeg and waits for its exit. A pending capture rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => {});
    await this.#run?.stop();
    this.#newest = null;
    this.#waiter?.reject(new CameraError('closed'));
  }

  async #next(signal: AbortSignal): Promise<Arrival> {
    signal.throwIfAborted();
    if (this.#closed) throw new CameraError('closed');
    this.#isReleased = false;
    this.#followInterval();
    const [newest, failure] = [this.#newest, this.#failure];
    this.#newest = null;
    this.#failure = null;
    if (failure && performance.now() - failure.at < freshFailureMs) throw failure.error;
    if (failure)
      this.#options.log.warn(
        { camera: this.name, reason: failure.error.message },
        'stream failed between captures',
      );
    if (newest && (this.#run || performance.now() - newest.at < this.#options.stallMs)) return newest;
    const waiter = Promise.withResolvers<Arrival>();
    this.#waiter = waiter;
    const onAbort = (): void => waiter.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (!this.#run) this.#open();
    try {
      return await waiter.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#waiter = null;
    }
  }

  /** Reopens the stream if it gives too few or too many pictures for the current interval. */
  #followInterval(): void {
    const source = { ...this.#source, intervalMs: this.#options.intervalMs() };
    if (needSameStream(source, this.#source)) return;
    this.#source = source;
    this.#plan = { ...this.#plan, keyFramesOnly: firstPlan(source).keyFramesOnly };
    this.#options.log.info({ camera: this.name, ...this.#plan }, 'reopening camera for its new interval');
    void this.#run?.stop();
  }

  /** Starts ffmpeg unless it is starting. A failure rejects the pending capture, or the next one. */
  #open(): void {
    this.#opening ??= this.#startRun()
      .catch((error: CameraError) => this.#fail(error))
      .finally(() => {
        this.#opening = null;
      });
  }

  async #startRun(): Promise<void> {
    const { log, username, passwordFile, stallMs, input } = this.#options;
    const file = inputKind(input) === 'path' ? await this.#nextFile() : input;
    // ffmpeg would make a valid picture of one that is cut.
    if (pictureEndings.includes(extname(file).toLowerCase())) await readPicture(file);
    const login = await readLogin(username, passwordFile);
    if (this.#closed) return;
    const plan = this.#plan;
    const run = new FfmpegRun({
      command: ffmpegCommand({ ...this.#source, input: file }, plan, login),
      secrets: login ? [userInfo(login), login.password] : [],
      stallMs,
      keyFramesOnly: plan.keyFramesOnly && !plan.copy,
      onPicture: (jpeg) => this.#onPicture({ jpeg, at: performance.now(), isCopied: plan.copy }),
      onCodec: (codec) => this.#onCodec(run, codec),
      onLine: (line) => log.debug({ camera: this.name, from: 'ffmpeg' }, line),
      onEnd: (end) => this.#onEnd(end),
    });
    run.start();
    this.#run = run;
    log.debug({ camera: this.name, ...plan }, 'stream opened');
  }

  #onPicture(arrival: Arrival): void {
    if (this.#waiter) this.#waiter.resolve(arrival);
    else this.#newest = arrival;
    this.#waiter = null;
  }

  /** Motion JPEG is passed through, any other codec decoded; reopens the stream if the plan assumed the other. */
  #onCodec(run: FfmpegRun, codec: string): void {
    const copy = codec === 'mjpeg' && canCopy(this.#source);
    if (codec === 'mjpeg' && inputKind(this.#options.input) === 'http' && !this.#advised) {
      this.#advised = true;
      this.#options.log.warn({ camera: this.name }, `motion JPEG or a picture over HTTP; ${httpRemedy}`);
    }
    if (copy === this.#plan.copy) return;
    this.#options.log.info({ camera: this.name, codec, copy }, 'reopening camera for its codec');
    this.#plan = { ...this.#plan, copy };
    void run.stop();
  }

  #onEnd(end: FfmpegEnd): void {
    const { log, input } = this.#options;
    const kind = inputKind(input);
    this.#run = null;
    if (this.#closed || this.#isReleased) return;
    if (end.kind === 'failed') this.#fail(kind === 'http' ? withRemedy(end.error) : end.error);
    else if (end.kind === 'stopped') this.#open();
    else if (end.kind === 'key-frames-rare') {
      log.info({ camera: this.name }, 'key frames are rare; decoding every frame');
      this.#plan = { ...this.#plan, keyFramesOnly: false };
      this.#open();
    } else if ((kind === 'path' || kind === 'http') && end.pictures === 1) {
      // A single picture: each capture fetches its own.
      if (this.#waiter) this.#open();
    } else if (kind === 'path' && end.pictures > 0) this.#open();
    else this.#fail(new CameraError(end.pictures > 0 ? 'ended: end of stream' : 'no video stream'));
  }

  #fail(error: CameraError): void {
    this.#newest = null;
    if (this.#waiter) this.#waiter.reject(error);
    else this.#failure = { error, at: performance.now() };
    this.#waiter = null;
  }

  async #nextFile(): Promise<string> {
    try {
      this.#lastFile = fileAfter(this.#lastFile, await listFiles(this.#options.input, videoEndings, 'video'));
      return this.#lastFile;
    } catch (cause) {
      throw new CameraError(`not found: ${messageOf(cause)}`, { cause });
    }
  }
}

const httpRemedy = 'a source of type http reads it better, and without ffmpeg';

/** ffmpeg cannot tell what is wrong with a picture. */
function withRemedy(error: CameraError): CameraError {
  if (!/^(codec unknown|ended|cut|no video stream)/.test(error.message)) return error;
  return new CameraError(`${error.message}; if this is a picture or motion JPEG, ${httpRemedy}`, {
    cause: error.cause,
  });
}
