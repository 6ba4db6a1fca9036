import { CameraError } from '../domain/errors.ts';
import type { Size } from '../domain/frame.ts';
import { isVideoAddress } from '../domain/video-address.ts';
import { type Login, userInfo } from './login.ts';

/** Where the pictures come from, and in which form. */
export interface FfmpegSource {
  /** rtsp(s)://, http(s):// or rtmp(s):// without user and password, `lavfi:` and a filter graph, or the path of a file. */
  readonly input: string;
  /** How RTSP carries the video. */
  readonly transport: 'tcp' | 'udp';
  /** Clockwise, in degrees. ffmpeg rotates and scales only what it decodes. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Larger pictures are scaled down to fit, keeping their aspect ratio; null: unscaled. */
  readonly size: Size | null;
  /** Time between two captures. */
  readonly intervalMs: number;
  /** A stream without anything new for this long has stalled. */
  readonly stallMs: number;
}

/** How to read a source; adjusted while it runs. */
export interface FfmpegPlan {
  /** The source's pictures are JPEG: passed through without decoding. */
  readonly copy: boolean;
  /** P and B frames are dropped undecoded: a fraction of the work. */
  readonly keyFramesOnly: boolean;
}

export interface FfmpegCommand {
  readonly args: readonly string[];
  /** Written to ffmpeg's stdin. Contains the address, to keep it out of the argument list. */
  readonly script: string;
}

/** Cameras usually send a key frame every 1 to 4 s: from this interval on, key frames suffice. */
const keyFramesFromMs = 5000;
/** libavformat's rtsp.c holds `user:password`, percent-encoded, in 128 bytes. */
const maxRtspLoginLength = 127;

export type InputKind = 'rtsp' | 'http' | 'rtmp' | 'lavfi' | 'path';

export function inputKind(input: string): InputKind {
  if (/^rtsps?:\/\//i.test(input)) return 'rtsp';
  if (/^https?:\/\//i.test(input)) return 'http';
  if (/^rtmps?:\/\//i.test(input)) return 'rtmp';
  return input.startsWith('lavfi:') ? 'lavfi' : 'path';
}

/** The initial plan, before anything is known about the source. */
export function firstPlan(source: FfmpegSource): FfmpegPlan {
  const kind = inputKind(source.input);
  return {
    copy: kind === 'http' && !isVideoAddress(source.input),
    keyFramesOnly: kind !== 'lavfi' && source.intervalMs >= keyFramesFromMs,
  };
}

/** Whether a stream opened for one of two intervals also serves the other. */
export function needSameStream(one: FfmpegSource, other: FfmpegSource): boolean {
  return periodS(one) === periodS(other) && firstPlan(one).keyFramesOnly === firstPlan(other).keyFramesOnly;
}

/** Whether JPEG pictures are passed through unchanged: ffmpeg would make a valid one of one that is cut. */
export function canCopy({ input }: FfmpegSource): boolean {
  return ['rtsp', 'http'].includes(inputKind(input));
}

/**
 * ffmpeg's arguments and script for a source: pictures on stdout as `mpjpeg`, log lines with their level on stderr.
 * @throws CameraError for a login that is too long for ffmpeg.
 */
export function ffmpegCommand(source: FfmpegSource, plan: FfmpegPlan, login: Login | null): FfmpegCommand {
  const kind = inputKind(source.input);
  const reportsPackets = !plan.copy && kind !== 'lavfi';
  const args = [
    ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'],
    reportsPackets ? ['-progress', 'pipe:3', '-stats_period', '1'] : [],
    // low_delay: output a key frame immediately instead of waiting for frames that precede it in display order.
    plan.keyFramesOnly && !plan.copy ? ['-skip_frame', 'nokey', '-flags', 'low_delay', '-threads', '1'] : [],
    !plan.keyFramesOnly && !plan.copy ? ['-threads', '2'] : [], // each thread delays frames and takes memory
    inputArgs(source.input, kind),
    // `frame` on fd 3 counts the packets received, decoded or not, since it counts the first output's.
    // Its times cannot be used: ffmpeg 7 reports those of the slowest output.
    reportsPackets ? ['-map', '0:v:0', '-c', 'copy', '-f', 'null', '-'] : [],
    ['-map', '0:v:0', ...(plan.copy ? copyArgs(source) : encodeArgs(source)), '-f', 'mpjpeg', 'pipe:1'],
  ].flat();
  return { args, script: scriptOf(source, kind, login) };
}

function inputArgs(input: string, kind: InputKind): string[] {
  if (kind === 'lavfi') return ['-re', '-f', 'lavfi', '-i', input.slice('lavfi:'.length)];
  if (kind === 'path') return ['-re', '-i', `file:${input}`];
  return [
    ...['-f', 'concat', '-safe', '0', '-protocol_whitelist', `pipe,tcp,tls,crypto,${protocols[kind]}`],
    // Time of arrival: cameras' own clocks stop, jump and run backwards.
    ...['-use_wallclock_as_timestamps', '1', '-fpsprobesize', '0', '-i', 'pipe:0'],
  ];
}

const protocols = { rtsp: 'rtsp,rtsps,rtp,srtp,udp', http: 'http,https,data', rtmp: 'rtmp,rtmps' };

/** ffmpeg's timeout for an address that does not answer is at least this long. */
export const minTimeoutMs = 12_000;

/** An ffconcat script with one entry: the only way to pass an address through a pipe to both ffmpeg 5 and 7. */
function scriptOf({ input, transport, stallMs }: FfmpegSource, kind: InputKind, login: Login | null): string {
  if (kind === 'path' || kind === 'lavfi') return '';
  // On this timeout ffmpeg exits with an error; our own stall detection is faster.
  const timeoutUs = 1000 * Math.max(stallMs + 4000, minTimeoutMs);
  const options =
    kind === 'rtsp'
      ? [`rtsp_transport ${transport}`, `timeout ${timeoutUs}`, 'allowed_media_types video']
      : [`rw_timeout ${timeoutUs}`];
  const lines = ['ffconcat version 1.0', `file ${quoted(addressOf(input, login))}`];
  return [...lines, ...[...options, 'fpsprobesize 0'].map((option) => `option ${option}`), ''].join('\n');
}

/** @throws CameraError if ffmpeg's RTSP would truncate the login. */
function addressOf(input: string, login: Login | null): string {
  if (login === null) return input;
  if (inputKind(input) === 'rtsp' && userInfo(login).length > maxRtspLoginLength) {
    throw new CameraError(
      `unauthorised; username and password are too long: ffmpeg accepts ${maxRtspLoginLength} characters for RTSP`,
    );
  }
  return input.replace('://', () => `://${userInfo(login)}@`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Slightly less than the minimum time between two pictures, since frames jitter. */
function periodS({ intervalMs }: FfmpegSource): number {
  return (Math.min(1000, intervalMs / 2) * 0.95) / 1000;
}

function encodeArgs(source: FfmpegSource): string[] {
  const { rotation, size } = source;
  // Time that runs backwards (the board's clock was set) must not stop the pictures.
  const select = `isnan(prev_selected_t)+lt(t,prev_selected_t)+gte(t-prev_selected_t,${periodS(source)})`;
  const filters = [
    `select='${select}'`,
    // Recorders store pictures with pixels that are not square. No camera has wilder ones.
    "scale='if(between(sar,0.2,5),round(iw*sar),iw)':ih",
    rotation === 90 ? 'transpose=clock' : '',
    rotation === 180 ? 'hflip,vflip' : '',
    rotation === 270 ? 'transpose=cclock' : '',
    size ? `scale='min(iw,${size.width})':'min(ih,${size.height})':force_original_aspect_ratio=decrease` : '',
  ].filter((filter) => filter !== '');
  // Milliseconds: in units of the stream's own rate, two pictures that come in a burst would have the same time, an error.
  const times = ['-fps_mode', 'passthrough', '-enc_time_base', '1:1000'];
  // One thread: each further one delays pictures by one, which at one per second is a second.
  return ['-vf', filters.join(','), ...times, '-q:v', '2', '-threads', '1'];
}

/** Drops packets that arrive too soon after the last one kept; ld(0) is the earliest time of the next to keep. */
function copyArgs(source: FfmpegSource): string[] {
  const period = periodS(source);
  const t = 'pts*tb';
  const keep = `not(n)+gte(${t},ld(0))+lt(${t},ld(0)-${period})`;
  return ['-c', 'copy', '-bsf:v', `noise=drop='if(${keep},0*st(0,${t}+${period}),1)'`];
}
