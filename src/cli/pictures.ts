import { stat } from 'node:fs/promises';
import { encodedPicture } from '../camera/encoded-picture.ts';
import { HttpCamera } from '../camera/http.ts';
import { listFiles } from '../camera/list-files.ts';
import { pictureEndings, readPicture } from '../camera/still.ts';
import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import { withoutSecrets } from '../domain/shown-address.ts';
import { readAtMost } from '../system/read-at-most.ts';
import { silentLog } from './silent-log.ts';

/** A picture on its way to be described. */
export interface NamedPicture {
  /** The file, the address without its secrets, or `-`. */
  readonly name: string;
  /** Rejects with a CameraError. */
  read(signal: AbortSignal): Promise<Picture>;
}

const maxStdinBytes = 64 * 2 ** 20;
const httpTimeoutMs = 30_000;

/** The pictures that an argument names: a file, a folder's files, `-` for standard input, or an http(s) address. */
export async function picturesOf(argument: string): Promise<NamedPicture[]> {
  if (argument === '-') return [{ name: '-', read: readStdin }];
  if (/^https?:\/\//i.test(argument)) {
    const name = withoutSecrets(argument);
    return [{ name, read: (signal) => readAddress(argument, name, signal) }];
  }
  const isFolder = (await stat(argument).catch(() => null))?.isDirectory() === true;
  const files = isFolder ? await listFiles(argument, pictureEndings, 'picture') : [argument];
  return files.map((name) => ({ name, read: () => readPicture(name) }));
}

async function readStdin(): Promise<Picture> {
  if (process.stdin.isTTY)
    throw new CameraError(
      'standard input is a terminal; pipe a picture into it: scenecast describe - <x.jpg',
    );
  const bytes = await readAtMost(process.stdin, maxStdinBytes);
  if (!bytes) throw new CameraError(`standard input is larger than ${maxStdinBytes / 2 ** 20} MiB`);
  if (bytes.length === 0) throw new CameraError('standard input is empty');
  return encodedPicture(bytes, 'standard input');
}

/** As an HTTP camera reads it: a picture, or the first of motion JPEG. */
async function readAddress(address: string, name: string, signal: AbortSignal): Promise<Picture> {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url) throw new CameraError('is not a valid address');
  if (url.username || url.password)
    throw new CameraError(
      'a login in an argument can be seen by other programs; use another one to fetch the picture, and pipe it into scenecast describe -',
    );
  const camera = new HttpCamera(name, {
    ...{ url: url.href, username: null, passwordFile: null, caFile: null, fingerprint: null },
    ...{ rotation: 0, size: null, stallMs: httpTimeoutMs, log: silentLog },
  });
  try {
    await camera.start();
    return await camera.capture(signal);
  } finally {
    await camera.close();
  }
}
