import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CameraError, messageOf } from '../domain/errors.ts';
import { type FfmpegCommand, minTimeoutMs } from './ffmpeg-command.ts';
import { withParent } from './ffmpeg-installed.ts';
import { lastErrorOf, openingError, scrub } from './ffmpeg-reason.ts';
import { JpegStream } from './jpeg-stream.ts';

export interface FfmpegRunOptions {
  readonly command: FfmpegCommand;
  /** Strings that must not appear in any message. */
  readonly secrets: readonly string[];
  /** A stream without a sign of life for this long has stalled. */
  readonly stallMs: number;
  /** Whether pictures may be far apart, with packets in between. */
  readonly keyFramesOnly: boolean;
  /** A JPEG file. */
  readonly onPicture: (jpeg: Uint8Array) => void;
  /** ffmpeg's name of the codec, e.g. "h264"; before any picture. */
  readonly onCodec: (codec: string) => void;
  /** A line of ffmpeg's log, without secrets. */
  readonly onLine: (line: string) => void;
  /** Called once, when the child has exited. */
  readonly onEnd: (end: FfmpegEnd) => void;
}

/** How a run ended. */
export type FfmpegEnd =
  | { readonly kind: 'stopped' }
  /** ffmpeg's exit code was 0, whether or not the source is at its end. */
  | { readonly kind: 'finished'; readonly pictures: number }
  /** Packets arrive, but key frames are too far apart to wait for. */
  | { readonly kind: 'key-frames-rare' }
  | { readonly kind: 'failed'; readonly error: CameraError };

/** Time for a source to open, up to its first sign of life. */
const openMs = 15_000;
/** With the default stall limit of 8 s, a frozen camera is reported within 10 s. */
const killAfterMs = 1000;
/** HLS and DASH come in segments, of up to 10 s as a rule, and up to three may be on their way. */
const minSegmentedStallMs = 30_000;
const maxPictureBytes = 64 * 2 ** 20;
const maxLines = 20;

/** @throws CameraError if there is no memory or descriptor left for a process */
function spawnPiped([command, ...args]: readonly [string, ...string[]]): ChildProcess {
  let child: ChildProcess;
  try {
    child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env: withoutProxies() });
  } catch (cause) {
    throw new CameraError(`ffmpeg cannot be run: ${messageOf(cause)}`, { cause });
  }
  // Out of descriptors: Node gives no pipes, and emits 'error' without 'close'.
  if (!child.stderr) {
    child.on('error', () => {});
    throw new CameraError('ffmpeg cannot be run: too many files are open');
  }
  return child;
}

/** The environment without proxies, of which ffmpeg would use one for cameras of the local network too. */
function withoutProxies(): NodeJS.ProcessEnv {
  const isProxy = (name: string): boolean => /^(https?|all)_proxy$/i.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isProxy(name)));
}

/** One ffmpeg process, from start to exit. The kernel kills it if our process ends first. */
export class FfmpegRun {
  readonly #options: FfmpegRunOptions;
  readonly #gone = Promise.withResolvers<void>();
  readonly #lines: string[] = [];
  #child: ChildProcess | null = null;
  #jpegs: JpegStream | null = null;
  /** Why the child was terminated. */
  #verdict: FfmpegEnd | null = null;
  #killTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #pictures = 0;
  #codecSeen = false;
  #lastPictureAt = 0;
  #lastPacketAt: number | null = null;
  #lastFrameCount = '';
  #stallMs: number;
  #isSegmented = false;

  constructor(options: FfmpegRunOptions) {
    this.#options = options;
    this.#stallMs = options.stallMs;
  }

  /** @throws CameraError if there is no memory or descriptor left for a process; `onEnd` is not called then */
  start(): void {
    const { command, onPicture } = this.#options;
    const child = spawnPiped([...withParent, ...command.args]);
    this.#child = child;
    let spawnError: Error | null = null;
    child.on('error', (error) => {
      spawnError = error;
    });
    child.on('close', (code, signal) => this.#onClose(spawnError, code, signal));
    this.#lastPictureAt = performance.now();
    this.#watch(openMs);
    this.#jpegs = new JpegStream({
      maxPictureBytes,
      onPicture: (jpeg) => {
        if (this.#verdict) return;
        this.#lastPictureAt = performance.now();
        if (!this.#hasLived) this.#watch(this.#stallMs);
        this.#pictures++;
        onPicture(jpeg);
      },
    });
    child.stdout?.on('data', (chunk: Buffer) => this.#jpegs?.push(chunk));
    createInterface({ input: child.stderr! }).on('line', (line) => this.#onLine(line));
    createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => this.#onProgress(line));
    child.stdin?.on('error', () => {}); // the child may exit before it has read its script
    child.stdin?.end(command.script);
  }

  /** Ends the child: SIGTERM, and SIGKILL after 1 s. Resolves when it has exited. */
  async stop(): Promise<void> {
    this.#end({ kind: 'stopped' });
    await this.#gone.promise;
  }

  /** SIGTERM first: ffmpeg then closes the RTSP session, of which some cameras allow only a few. */
  #end(verdict: FfmpegEnd): void {
    if (this.#verdict) return;
    this.#verdict = verdict;
    clearTimeout(this.#watchTimer);
    this.#child?.kill('SIGTERM');
    this.#killTimer = setTimeout(() => this.#child?.kill('SIGKILL'), killAfterMs);
  }

  #onLine(line: string): void {
    const { onLine, onCodec, secrets } = this.#options;
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines.shift();
    onLine(scrub(line, secrets));
    if (/^\[(hls|dash) @/.test(line) && !this.#isSegmented) {
      this.#isSegmented = true;
      this.#stallMs = Math.max(this.#stallMs, minSegmentedStallMs);
    }
    const codec = /^\[info\]\s+Stream #0:.*: Video: (\w+)/.exec(line)?.[1];
    if (codec === undefined || this.#codecSeen || this.#verdict) return;
    this.#codecSeen = true; // later lines are about our own output
    onCodec(codec);
  }

  /** ffmpeg reports every second; only a report that changed is a sign of life. */
  #onProgress(line: string): void {
    if (!line.startsWith('frame=') || line === this.#lastFrameCount) return;
    if (this.#lastFrameCount !== '' && !this.#verdict) {
      if (!this.#hasLived) this.#watch(this.#stallMs);
      this.#lastPacketAt = performance.now();
    }
    this.#lastFrameCount = line;
  }

  get #hasCutPicture(): boolean {
    return this.#jpegs !== null && this.#jpegs.pendingBytes + this.#jpegs.dropped > 0;
  }

  get #hasLived(): boolean {
    return this.#pictures > 0 || this.#lastPacketAt !== null;
  }

  #watch(delayMs: number): void {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = setTimeout(() => this.#check(), delayMs);
  }

  #check(): void {
    const { keyFramesOnly } = this.#options;
    const stallMs = this.#stallMs;
    const now = performance.now();
    const pictureAgeMs = now - this.#lastPictureAt;
    const waitsForKeyFrame = keyFramesOnly || this.#pictures === 0;
    const packetAgeMs = waitsForKeyFrame && this.#lastPacketAt !== null ? now - this.#lastPacketAt : Infinity;
    const limitMs = this.#hasLived ? stallMs : openMs;
    const idleMs = Math.min(pictureAgeMs, packetAgeMs);
    const maxWaitMs = this.#pictures > 0 ? 2 * stallMs : Math.max(2 * stallMs, openMs);
    if (idleMs >= limitMs) this.#end({ kind: 'failed', error: this.#stalled(limitMs) });
    else if (pictureAgeMs < maxWaitMs) this.#watch(Math.min(limitMs - idleMs, maxWaitMs - pictureAgeMs));
    else if (keyFramesOnly) this.#end({ kind: 'key-frames-rare' });
    else this.#end({ kind: 'failed', error: this.#stalled(maxWaitMs) });
  }

  #stalled(limitMs: number): CameraError {
    const { secrets } = this.#options;
    const reason = lastErrorOf(this.#lines, secrets);
    const remedy = this.#isSegmented ? '; set frame_timeout to three of its segments or more' : '';
    return this.#pictures > 0
      ? new CameraError(`stalled: no picture for ${limitMs / 1000} s${remedy}${reason}`)
      : new CameraError(`unreachable: no picture within ${limitMs / 1000} s of opening${reason}`);
  }

  #onClose(spawnError: Error | null, code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(this.#watchTimer);
    clearTimeout(this.#killTimer);
    this.#child = null;
    this.#gone.resolve();
    this.#options.onEnd(this.#verdict ?? this.#ownEnd(spawnError, code, signal));
  }

  /** The end of a child that exited by itself. */
  #ownEnd(spawnError: Error | null, code: number | null, signal: NodeJS.Signals | null): FfmpegEnd {
    const { secrets } = this.#options;
    if (spawnError) {
      const error = new CameraError(`ffmpeg cannot be run: ${spawnError.message}`, { cause: spawnError });
      return { kind: 'failed', error };
    }
    if (code === 0 && this.#pictures === 0 && this.#hasCutPicture) {
      const error = new CameraError('cut: the picture ends too early; check the network and the camera');
      return { kind: 'failed', error };
    }
    if (code === 0) return { kind: 'finished', pictures: this.#pictures };
    if (this.#pictures === 0 && !signal) {
      const openingMs = performance.now() - this.#lastPictureAt;
      // ffmpeg reports invalid data if an RTSP camera accepts the connection and never answers.
      const wasSilent = openingMs >= minTimeoutMs && !this.#hasLived && !this.#codecSeen;
      const error = wasSilent ? this.#stalled(minTimeoutMs) : openingError(this.#lines, secrets);
      return { kind: 'failed', error };
    }
    const how = signal ? `ffmpeg was killed by ${signal}` : 'the stream was cut off';
    const error = new CameraError(`ended: ${how}${lastErrorOf(this.#lines, secrets)}`);
    return { kind: 'failed', error };
  }
}
