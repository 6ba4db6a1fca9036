import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CameraError } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera } from '../pipeline/ports.ts';
import { fileFault } from '../system/file-fault.ts';
import { encodedPicture } from './encoded-picture.ts';
import { fileAfter, listFiles } from './list-files.ts';
import { isWholePicture } from './picture-content.ts';

export const pictureEndings = ['.jpg', '.jpeg', '.png', '.webp'];
/** A file that is being written is read again this soon, until nothing has been added for `maxPauseMs`. */
const retryMs = 200;
const maxPauseMs = 3000;
const maxWaitMs = 30_000;

/**
 * A camera that shows a picture file, or the pictures of a folder in a loop. Files that cannot be read are skipped. If there
 * is no other, it waits a moment: another program may be writing one.
 */
export class StillCamera implements Camera {
  readonly name: string;
  readonly #path: string;
  /** The file shown last; by name, since files may come and go between two looks. */
  #last: string | null = null;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
  }

  /** Rejects with a CameraError if there is no picture to show. */
  async start(): Promise<void> {
    await this.#files();
  }

  async capture(signal: AbortSignal): Promise<Picture> {
    const startedAt = performance.now();
    for (let seen = '', seenAt = startedAt; ; await sleep(retryMs, undefined, { signal })) {
      const found = await this.#next(signal);
      if ('bytes' in found) return found;
      const now = performance.now();
      // The faults have the sizes of cut files.
      if (found.join() !== seen) [seen, seenAt] = [found.join(), now];
      if (now - seenAt < maxPauseMs && now - startedAt < maxWaitMs) continue;
      const more = found.length > 1 ? `; nor can ${found.length - 1} more be read` : '';
      throw new CameraError(`${found[0]}${more}`);
    }
  }

  async close(): Promise<void> {}

  /** The next picture that can be read; or what is wrong with each file. */
  async #next(signal: AbortSignal): Promise<Picture | string[]> {
    const files = await this.#files().catch((error: CameraError) => error);
    if (files instanceof CameraError) return [files.message];
    const faults: string[] = [];
    while (faults.length < files.length) {
      signal.throwIfAborted();
      this.#last = fileAfter(this.#last, files);
      const picture = await readPicture(this.#last).catch((error: CameraError) => error);
      if (!(picture instanceof CameraError)) return picture;
      faults.push(picture.message);
    }
    return faults.sort();
  }

  #files(): Promise<string[]> {
    return listFiles(this.#path, pictureEndings, 'picture');
  }
}

/** Reads a picture file. Rejects with a CameraError, also if its end is missing. */
export async function readPicture(path: string): Promise<Picture> {
  try {
    const bytes = await readFile(path);
    if (bytes.length === 0) throw new CameraError(`${path}: is empty`);
    const picture = await encodedPicture(bytes, path);
    if (!isWholePicture(bytes))
      throw new CameraError(`${path}: cut: the picture ends too early, after ${bytes.length} bytes`);
    return picture;
  } catch (cause) {
    if (cause instanceof CameraError) throw cause;
    throw new CameraError(`${path}: cannot be read: ${fileFault(cause)}`, { cause });
  }
}
