import { CameraError } from '../domain/errors.ts';
import type { Size } from '../domain/frame.ts';
import { type Login, userInfo } from './login.ts';

/** Where the pictures come from, and how they are wanted. */
export interface FfmpegSource {
  /** rtsp(s):// or http(s):// without user and password, `lavfi:` and a filter graph, or the path of a file. */
  readonly input: string;
  /** How RTSP carries the video. */
  readonly transport: 'tcp' | 'udp';
  /** Clockwise, in degrees. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Larger pictures are made smaller to fit, their proportions kept; null: as they come. */
  readonly size: Size | null;
  /** How often a picture will be asked for. */
  readonly intervalMs: number;
  /** A stream that has shown nothing new for so long has stalled. */
  readonly stallMs: number;
}

/** What is found out about a source while it runs. */
export interface FfmpegPlan {
  /** The source's pictures are JPEG already: handed through, not decoded. */
  readonly copy: boolean;
  /** P and B frames are thrown away undecoded: a fraction of the work. */
  readonly keyFramesOnly: boolean;
}

export interface FfmpegCommand {
  readonly args: readonly string[];
  /** Written to ffmpeg's stdin. Holds the address, so that it stands in no argument list. */
  readonly script: string;
}

/** A camera's key frames usually come every 1 to 4 s; asked more seldom than this, they are enough. */
const keyFramesFromMs = 5000;
/** libavformat's rtsp.c holds `user:password`, percent-encoded, in 128 bytes. */
const longestRtspLogin = 127;

export type InputKind = 'rtsp' | 'http' | 'lavfi' | 'path';

export function inputKind(input: string): InputKind {
  if (/^rtsps?:\/\//i.test(input)) return 'rtsp';
  if (/^https?:\/\//i.test(input)) return 'http';
  return input.startsWith('lavfi:') ? 'lavfi' : 'path';
}

/** The plan to begin with, before anything is known of the source. */
export function firstPlan(source: FfmpegSource): FfmpegPlan {
  const kind = inputKind(source.input);
  return {
    copy: kind === 'http' && canCopy(source),
    keyFramesOnly: kind !== 'lavfi' && source.intervalMs >= keyFramesFromMs,
  };
}

/** Whether a stream that was opened for one of two intervals does for the other. */
export function servesAlike(one: FfmpegSource, other: FfmpegSource): boolean {
  return periodS(one) === periodS(other) && firstPlan(one).keyFramesOnly === firstPlan(other).keyFramesOnly;
}

/** Whether JPEG pictures may be handed through as they come. */
export function canCopy({ input, rotation, size }: FfmpegSource): boolean {
  const kind = inputKind(input);
  return (kind === 'rtsp' || kind === 'http') && rotation === 0 && size === null;
}

/**
 * ffmpeg's arguments and script for a source: pictures on stdout as `mpjpeg`, words on stderr with their level.
 * @throws CameraError for a login that ffmpeg cannot take.
 */
export function ffmpegCommand(source: FfmpegSource, plan: FfmpegPlan, login: Login | null): FfmpegCommand {
  const kind = inputKind(source.input);
  const reportsPackets = !plan.copy && kind !== 'lavfi';
  const args = [
    ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'],
    reportsPackets ? ['-progress', 'pipe:3', '-stats_period', '1'] : [],
    // low_delay: a key frame is shown at once, not when later frames prove that none comes before it.
    plan.keyFramesOnly && !plan.copy ? ['-skip_frame', 'nokey', '-flags', 'low_delay', '-threads', '1'] : [],
    !plan.keyFramesOnly && !plan.copy ? ['-threads', '2'] : [], // each thread holds frames back, and memory
    inputArgs(source.input, kind),
    // Fd 3 tells by `frame` how many packets have come, decoded or not: it counts the first output's.
    // Its times will not do: ffmpeg 7 reports that of the slowest output.
    reportsPackets ? ['-map', '0:v:0', '-c', 'copy', '-f', 'null', '-'] : [],
    ['-map', '0:v:0', ...(plan.copy ? copyArgs(source) : encodeArgs(source)), '-f', 'mpjpeg', 'pipe:1'],
  ].flat();
  return { args, script: scriptOf(source, kind, login) };
}

function inputArgs(input: string, kind: InputKind): string[] {
  if (kind === 'lavfi') return ['-re', '-f', 'lavfi', '-i', input.slice('lavfi:'.length)];
  if (kind === 'path') return ['-re', '-i', `file:${input}`];
  const protocols =
    kind === 'rtsp'
      ? 'pipe,rtsp,rtsps,rtp,srtp,udp,tcp,tls,crypto'
      : 'pipe,http,https,httpproxy,tcp,tls,crypto,data';
  return [
    ...['-f', 'concat', '-safe', '0', '-protocol_whitelist', protocols],
    // Time of arrival: cameras' own clocks stand still, jump and run backwards.
    ...['-use_wallclock_as_timestamps', '1', '-fpsprobesize', '0', '-i', 'pipe:0'],
  ];
}

/** ffmpeg gives up an address that does not answer after so long, or later. */
export const leastTimeoutMs = 12_000;

/** An ffconcat script with one entry: the one way to an address that both ffmpeg 5 and 7 read from a pipe. */
function scriptOf({ input, transport, stallMs }: FfmpegSource, kind: InputKind, login: Login | null): string {
  if (kind !== 'rtsp' && kind !== 'http') return '';
  // ffmpeg gives up by itself where an address does not answer, and says so; stalls are noticed before that.
  const timeoutUs = 1000 * Math.max(stallMs + 4000, leastTimeoutMs);
  const options =
    kind === 'rtsp'
      ? [`rtsp_transport ${transport}`, `timeout ${timeoutUs}`, 'allowed_media_types video']
      : [`rw_timeout ${timeoutUs}`];
  const lines = ['ffconcat version 1.0', `file ${quoted(addressOf(input, login))}`];
  return [...lines, ...[...options, 'fpsprobesize 0'].map((option) => `option ${option}`), ''].join('\n');
}

/** @throws CameraError where ffmpeg's RTSP would cut the login off and send what is left. */
function addressOf(input: string, login: Login | null): string {
  if (login === null) return input;
  if (inputKind(input) === 'rtsp' && userInfo(login).length > longestRtspLogin) {
    throw new CameraError(
      `unauthorised; username and password are too long: ffmpeg takes ${longestRtspLogin} characters for RTSP`,
    );
  }
  return input.replace('://', () => `://${userInfo(login)}@`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A little less than the shortest time between two pictures, as frames do not come on the dot. */
function periodS({ intervalMs }: FfmpegSource): number {
  return (Math.min(1000, intervalMs / 2) * 0.95) / 1000;
}

function encodeArgs(source: FfmpegSource): string[] {
  const { rotation, size } = source;
  // Time that runs backwards (the board's clock was set) must not hold the pictures up.
  const select = `isnan(prev_selected_t)+lt(t,prev_selected_t)+gte(t-prev_selected_t,${periodS(source)})`;
  const filters = [
    `select='${select}'`,
    rotation === 90 ? 'transpose=clock' : '',
    rotation === 180 ? 'hflip,vflip' : '',
    rotation === 270 ? 'transpose=cclock' : '',
    size ? `scale='min(iw,${size.width})':'min(ih,${size.height})':force_original_aspect_ratio=decrease` : '',
  ].filter((filter) => filter !== '');
  // One thread: each further one would hold back a picture, which at one a second is a second.
  return ['-vf', filters.join(','), '-fps_mode', 'passthrough', '-q:v', '2', '-threads', '1'];
}

/** Drops packets that come too soon after the last one kept; ld(0) is the time from which one is kept again. */
function copyArgs(source: FfmpegSource): string[] {
  const period = periodS(source);
  const t = 'pts*tb';
  const keep = `not(n)+gte(${t},ld(0))+lt(${t},ld(0)-${period})`;
  return ['-c', 'copy', '-bsf:v', `noise=drop='if(${keep},0*st(0,${t}+${period}),1)'`];
}
