import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CameraError, messageOf } from '../domain/errors.ts';

/** Runs ffmpeg so that the kernel kills it when our process ends in any way. setpriv is part of util-linux. */
export const withParent = ['setpriv', '--pdeathsig', 'KILL', 'ffmpeg'] as const;

/** `-fps_mode` was added in 5.1, the version of Debian 12. */
const minVersion = [5, 1] as const;

/** Rejects with a CameraError that names the remedy if ffmpeg is missing or too old. */
export async function ffmpegInstalled(signal: AbortSignal): Promise<void> {
  const [command, ...args] = withParent;
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)(command, [...args, '-version'], { signal }));
  } catch (cause) {
    throw new CameraError(
      `ffmpeg cannot be run; if it is missing, install it: apt install ffmpeg (${messageOf(cause).trim()})`,
      { cause },
    );
  }
  // "ffmpeg version 5.1.9-0+deb12u1 ..."; builds from git have no number and count as new.
  const version = /^ffmpeg version n?((\d+)\.(\d+)\S*)/.exec(stdout);
  if (!version) return;
  const [major, minor] = [Number(version[2]), Number(version[3])];
  if (major < minVersion[0] || (major === minVersion[0] && minor < minVersion[1])) {
    throw new CameraError(
      `ffmpeg ${version[1]} is too old; ${minVersion.join('.')} or newer is required (Debian 12 or later): apt install ffmpeg`,
    );
  }
}
