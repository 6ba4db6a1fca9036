import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CameraError, messageOf } from '../domain/errors.ts';

/** What stands before ffmpeg: the kernel kills it when our process ends, however that ends. From util-linux. */
export const withParent = ['setpriv', '--pdeathsig', 'KILL', 'ffmpeg'] as const;

/** `-fps_mode` came with 5.1, which is what Debian 12 has. */
const oldest = [5, 1] as const;

/** Rejects with a CameraError where there is no ffmpeg that will do, with the remedy. */
export async function ffmpegInstalled(signal: AbortSignal): Promise<void> {
  const [command, ...args] = withParent;
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)(command, [...args, '-version'], { signal }));
  } catch (cause) {
    throw new CameraError(
      `ffmpeg cannot be run; where it is missing, install it: apt install ffmpeg (${messageOf(cause).trim()})`,
      { cause },
    );
  }
  // "ffmpeg version 5.1.9-0+deb12u1 ..."; builds from git have no number and are taken to be new.
  const version = /^ffmpeg version n?((\d+)\.(\d+)\S*)/.exec(stdout);
  if (!version) return;
  const [major, minor] = [Number(version[2]), Number(version[3])];
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new CameraError(
      `ffmpeg ${version[1]} is too old; ${oldest.join('.')} or newer is needed, as Debian 12 and later have: apt install ffmpeg`,
    );
  }
}
