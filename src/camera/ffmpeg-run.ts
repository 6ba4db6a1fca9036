import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CameraError, messageOf } from '../domain/errors.ts';
import { type FfmpegCommand, leastTimeoutMs } from './ffmpeg-command.ts';
import { withParent } from './ffmpeg-installed.ts';
import { lastWords, openingError, scrub } from './ffmpeg-reason.ts';
import { MpjpegParser } from './mpjpeg-parser.ts';

export interface FfmpegRunOptions {
  readonly command: FfmpegCommand;
  /** What must not appear in any message. */
  readonly secrets: readonly string[];
  /** So long without a sign of life, and the stream has stalled. */
  readonly stallMs: number;
  /** Whether pictures may be far apart while packets come in between. */
  readonly keyFramesOnly: boolean;
  /** A JPEG file. */
  readonly onPicture: (jpeg: Uint8Array) => void;
  /** The codec's name as ffmpeg has it, e.g. "h264"; before any picture. */
  readonly onCodec: (codec: string) => void;
  /** What ffmpeg says, free of secrets. */
  readonly onLine: (line: string) => void;
  /** Once, when the child is gone. */
  readonly onEnd: (end: FfmpegEnd) => void;
}

/** How a run came to its end. */
export type FfmpegEnd =
  | { readonly kind: 'stopped' }
  /** ffmpeg's exit code was 0, which says nothing of whether the source is at its end. */
  | { readonly kind: 'finished'; readonly pictures: number }
  /** Packets come, but key frames are too far apart to wait for. */
  | { readonly kind: 'key-frames-rare' }
  | { readonly kind: 'failed'; readonly error: CameraError };

/** A source that shows no life at all may take this long to open. */
const openMs = 15_000;
/** With the usual stall limit of 8 s, a frozen camera is told within 10 s, whenever in that time it froze. */
const killAfterMs = 1000;
const largestPictureBytes = 64 * 2 ** 20;
const linesKept = 20;

/** With pipes to and from it. Throws a CameraError where there is no memory or descriptor left for it. */
function spawnPiped([command, ...args]: readonly [string, ...string[]]): ChildProcess {
  let child: ChildProcess;
  try {
    child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
  } catch (cause) {
    throw new CameraError(`ffmpeg cannot be run: ${messageOf(cause)}`, { cause });
  }
  // Node gives no pipes then, and its 'error' comes without a 'close'.
  if (!child.stderr) {
    child.on('error', () => {});
    throw new CameraError('ffmpeg cannot be run: too many files are open');
  }
  return child;
}

/** One ffmpeg process, from its start to its end. It ends with our process, however that ends. */
export class FfmpegRun {
  readonly #options: FfmpegRunOptions;
  readonly #gone = Promise.withResolvers<void>();
  readonly #said: string[] = [];
  #child: ChildProcess | null = null;
  /** Why the child was told to end. */
  #verdict: FfmpegEnd | null = null;
  #killTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #pictures = 0;
  #codecSeen = false;
  #lastPictureAt = 0;
  #lastPacketAt: number | null = null;
  #lastFrameCount = '';

  constructor(options: FfmpegRunOptions) {
    this.#options = options;
  }

  /** @throws CameraError where there is no memory or descriptor left for a process; there is no end to wait for then */
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
    const parser = new MpjpegParser(largestPictureBytes, (jpeg) => {
      if (this.#verdict) return;
      this.#lastPictureAt = performance.now();
      if (!this.#hasLived) this.#watch(this.#options.stallMs);
      this.#pictures++;
      onPicture(jpeg);
    });
    child.stdout?.on('data', (chunk: Buffer) => this.#parse(parser, chunk));
    createInterface({ input: child.stderr! }).on('line', (line) => this.#onLine(line));
    createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => this.#onProgress(line));
    child.stdin?.on('error', () => {}); // a child that ends before it has read its script
    child.stdin?.end(command.script);
  }

  /** Ends the child: TERM, and after 1 s KILL. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#end({ kind: 'stopped' });
    await this.#gone.promise;
  }

  /** With TERM an RTSP camera is told that the session is over, of which some have only a few. */
  #end(verdict: FfmpegEnd): void {
    if (this.#verdict) return;
    this.#verdict = verdict;
    clearTimeout(this.#watchTimer);
    this.#child?.kill('SIGTERM');
    this.#killTimer = setTimeout(() => this.#child?.kill('SIGKILL'), killAfterMs);
  }

  #parse(parser: MpjpegParser, chunk: Buffer): void {
    if (this.#verdict) return;
    try {
      parser.push(chunk);
    } catch (cause) {
      const error = new CameraError(`codec unknown: ffmpeg wrote ${(cause as Error).message}`, { cause });
      this.#end({ kind: 'failed', error });
    }
  }

  #onLine(line: string): void {
    const { onLine, onCodec, secrets } = this.#options;
    this.#said.push(line);
    if (this.#said.length > linesKept) this.#said.shift();
    onLine(scrub(line, secrets));
    const codec = /^\[info\]\s+Stream #0:.*: Video: (\w+)/.exec(line)?.[1];
    if (codec === undefined || this.#codecSeen || this.#verdict) return;
    this.#codecSeen = true; // the lines after it are about our own output
    onCodec(codec);
  }

  /** ffmpeg repeats its report every second; only one that says something new is a sign of life. */
  #onProgress(line: string): void {
    if (!line.startsWith('frame=') || line === this.#lastFrameCount) return;
    if (this.#lastFrameCount !== '' && !this.#verdict) {
      if (!this.#hasLived) this.#watch(this.#options.stallMs);
      this.#lastPacketAt = performance.now();
    }
    this.#lastFrameCount = line;
  }

  get #hasLived(): boolean {
    return this.#pictures > 0 || this.#lastPacketAt !== null;
  }

  #watch(delayMs: number): void {
    clearTimeout(this.#watchTimer);
    this.#watchTimer = setTimeout(() => this.#check(), delayMs);
  }

  #check(): void {
    const { stallMs, keyFramesOnly } = this.#options;
    const now = performance.now();
    const pictureAgeMs = now - this.#lastPictureAt;
    const waitsForKeyFrame = keyFramesOnly || this.#pictures === 0;
    const packetAgeMs = waitsForKeyFrame && this.#lastPacketAt !== null ? now - this.#lastPacketAt : Infinity;
    const limitMs = this.#hasLived ? stallMs : openMs;
    const idleMs = Math.min(pictureAgeMs, packetAgeMs);
    const patienceMs = this.#pictures > 0 ? 2 * stallMs : Math.max(2 * stallMs, openMs);
    if (idleMs >= limitMs) this.#end({ kind: 'failed', error: this.#stalled(limitMs) });
    else if (pictureAgeMs < patienceMs) this.#watch(Math.min(limitMs - idleMs, patienceMs - pictureAgeMs));
    else if (keyFramesOnly) this.#end({ kind: 'key-frames-rare' });
    else this.#end({ kind: 'failed', error: this.#stalled(patienceMs) });
  }

  #stalled(limitMs: number): CameraError {
    const { secrets } = this.#options;
    const words = lastWords(this.#said, secrets);
    return this.#pictures > 0
      ? new CameraError(`stalled: no picture for ${limitMs / 1000} s${words}`)
      : new CameraError(`unreachable: no picture within ${limitMs / 1000} s of opening${words}`);
  }

  #onClose(spawnError: Error | null, code: number | null, signal: NodeJS.Signals | null): void {
    clearTimeout(this.#watchTimer);
    clearTimeout(this.#killTimer);
    this.#child = null;
    this.#gone.resolve();
    this.#options.onEnd(this.#verdict ?? this.#ownEnd(spawnError, code, signal));
  }

  /** The end of a child that nobody told to end. */
  #ownEnd(spawnError: Error | null, code: number | null, signal: NodeJS.Signals | null): FfmpegEnd {
    const { secrets } = this.#options;
    if (spawnError) {
      const error = new CameraError(`ffmpeg cannot be run: ${spawnError.message}`, { cause: spawnError });
      return { kind: 'failed', error };
    }
    if (code === 0) return { kind: 'finished', pictures: this.#pictures };
    if (this.#pictures === 0 && !signal) {
      const openingMs = performance.now() - this.#lastPictureAt;
      // ffmpeg calls it invalid data where an RTSP camera takes the connection and then never answers.
      const wasSilent = openingMs >= leastTimeoutMs && !this.#hasLived && !this.#codecSeen;
      const error = wasSilent ? this.#stalled(leastTimeoutMs) : openingError(this.#said, secrets);
      return { kind: 'failed', error };
    }
    const how = signal ? `ffmpeg was killed by ${signal}` : 'the stream broke off';
    const error = new CameraError(`ended: ${how}${lastWords(this.#said, secrets)}`);
    return { kind: 'failed', error };
  }
}
