import sharp from 'sharp';
import { CameraError, messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera, Log } from '../pipeline/ports.ts';
import {
  canCopy,
  type FfmpegPlan,
  type FfmpegSource,
  ffmpegCommand,
  firstPlan,
  inputKind,
  servesAlike,
} from './ffmpeg-command.ts';
import { ffmpegInstalled } from './ffmpeg-installed.ts';
import { type FfmpegEnd, FfmpegRun } from './ffmpeg-run.ts';
import { fileAfter, listFiles } from './list-files.ts';
import { readLogin, userInfo } from './login.ts';

export interface FfmpegOptions extends Omit<FfmpegSource, 'intervalMs'> {
  /** How often a picture will be asked for, from now on. */
  readonly intervalMs: () => number;
  readonly username: string | null;
  /** A file whose first line is the password; read anew each time the stream is opened. */
  readonly passwordFile: string | null;
  readonly log: Log;
}

interface Arrival {
  readonly jpeg: Uint8Array;
  /** On the clock of performance.now(). */
  readonly at: number;
}

/** Of what is older than this the next capture is not told: it may long be over. */
const freshFailureMs = 10_000;
const videoEndings = ['.mp4', '.mkv', '.mov', '.avi', '.webm', '.m4v', '.ts', '.mpg', '.mpeg', '.flv'];

/**
 * A camera that ffmpeg reads: RTSP, MJPEG or single pictures over HTTP, video files played again and again at their
 * own rate, and lavfi graphs. One child process a camera hands over JPEG pictures, of which only the newest is kept.
 * It is opened by the first capture, and anew by the first capture after a failure, or once the interval is another.
 */
export class FfmpegCamera implements Camera {
  readonly name: string;
  readonly #options: FfmpegOptions;
  /** As wanted when the plan was made. */
  #source: FfmpegSource;
  #plan: FfmpegPlan;
  #run: FfmpegRun | null = null;
  #opening: Promise<void> | null = null;
  /** The newest picture, until it is handed over. */
  #newest: Arrival | null = null;
  /** What went wrong while nobody was waiting, until it is told, and when, on the clock of performance.now(). */
  #failure: { readonly error: CameraError; readonly at: number } | null = null;
  #waiter: PromiseWithResolvers<Arrival> | null = null;
  #lastFile: string | null = null;
  #closed = false;

  constructor(name: string, options: FfmpegOptions) {
    this.name = name;
    this.#options = options;
    this.#source = { ...options, intervalMs: options.intervalMs() };
    this.#plan = firstPlan(this.#source);
  }

  /** Rejects with a CameraError where there is no ffmpeg, or one too old. */
  async start(signal: AbortSignal): Promise<void> {
    await ffmpegInstalled(signal);
  }

  /**
   * The newest picture that was not handed over before, waited for where there is none.
   * Rejects with a CameraError that begins with a reason (refused, unreachable, unauthorised, not found, stalled,
   * ended, no video stream, codec unknown); ffmpeg's process is gone by then. One caller at a time.
   */
  async capture(signal: AbortSignal): Promise<Picture> {
    const { jpeg, at } = await this.#next(signal);
    const takenAt = new Date(Date.now() - (performance.now() - at));
    try {
      const { width, height } = await sharp(jpeg).metadata();
      return { bytes: jpeg, size: { width, height }, takenAt };
    } catch (cause) {
      throw new CameraError(`codec unknown: not a readable picture: ${messageOf(cause)}`, { cause });
    }
  }

  /** Ends ffmpeg and waits for its end; whoever waits for a picture is rejected. */
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
    this.#followInterval();
    const [newest, failure] = [this.#newest, this.#failure];
    this.#newest = null;
    this.#failure = null;
    if (failure && performance.now() - failure.at < freshFailureMs) throw failure.error;
    if (failure)
      this.#options.log.warn(
        { camera: this.name, reason: failure.error.message },
        'the stream failed meanwhile',
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

  /** A stream opened for one interval gives too few pictures for a much shorter one, and too many for a longer one. */
  #followInterval(): void {
    const source = { ...this.#source, intervalMs: this.#options.intervalMs() };
    if (servesAlike(source, this.#source)) return;
    this.#source = source;
    this.#plan = { ...this.#plan, keyFramesOnly: firstPlan(source).keyFramesOnly };
    this.#options.log.info(
      { camera: this.name, ...this.#plan },
      'the camera is opened anew for its interval',
    );
    void this.#run?.stop();
  }

  /** Starts ffmpeg, unless that is under way. A failure goes to whoever waits, or to the next capture. */
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
    const login = await readLogin(username, passwordFile);
    if (this.#closed) return;
    const plan = this.#plan;
    const run = new FfmpegRun({
      command: ffmpegCommand({ ...this.#source, input: file }, plan, login),
      secrets: login ? [userInfo(login), login.password] : [],
      stallMs,
      keyFramesOnly: plan.keyFramesOnly && !plan.copy,
      onPicture: (jpeg) => this.#onPicture(jpeg),
      onCodec: (codec) => this.#onCodec(run, codec),
      onLine: (line) => log.debug({ camera: this.name, from: 'ffmpeg' }, line),
      onEnd: (end) => this.#onEnd(end),
    });
    run.start();
    this.#run = run;
    log.debug({ camera: this.name, ...plan }, 'opened');
  }

  #onPicture(jpeg: Uint8Array): void {
    const arrival = { jpeg, at: performance.now() };
    if (this.#waiter) this.#waiter.resolve(arrival);
    else this.#newest = arrival;
    this.#waiter = null;
  }

  /** Motion JPEG is handed through, and all else decoded: where the plan has it otherwise, it begins anew. */
  #onCodec(run: FfmpegRun, codec: string): void {
    const copy = codec === 'mjpeg' && canCopy(this.#source);
    if (copy === this.#plan.copy) return;
    this.#options.log.info({ camera: this.name, codec, copy }, 'the camera is opened anew for its codec');
    this.#plan = { ...this.#plan, copy };
    void run.stop();
  }

  #onEnd(end: FfmpegEnd): void {
    const { log, input } = this.#options;
    const kind = inputKind(input);
    this.#run = null;
    if (this.#closed) return;
    if (end.kind === 'failed') this.#fail(end.error);
    else if (end.kind === 'stopped') this.#open();
    else if (end.kind === 'key-frames-rare') {
      log.info({ camera: this.name }, 'key frames are far apart: every frame is decoded from now on');
      this.#plan = { ...this.#plan, keyFramesOnly: false };
      this.#open();
    } else if ((kind === 'path' || kind === 'http') && end.pictures === 1) {
      // A single picture: each capture fetches its own.
      if (this.#waiter) this.#open();
    } else if (kind === 'path' && end.pictures > 0) this.#open();
    else
      this.#fail(new CameraError(end.pictures > 0 ? 'ended: the stream is at its end' : 'no video stream'));
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
