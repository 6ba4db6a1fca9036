import { readFile } from 'node:fs/promises';
import { CameraError, messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera } from '../pipeline/ports.ts';
import { encodedPicture } from './encoded-picture.ts';
import { fileAfter, listFiles } from './list-files.ts';

export const pictureEndings = ['.jpg', '.jpeg', '.png', '.webp'];

/** A camera that shows a picture file, or the pictures of a folder in a loop. */
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

  async capture(): Promise<Picture> {
    this.#last = fileAfter(this.#last, await this.#files());
    return readPicture(this.#last);
  }

  async close(): Promise<void> {}

  #files(): Promise<string[]> {
    return listFiles(this.#path, pictureEndings, 'picture');
  }
}

/** Reads a picture file. Rejects with a CameraError. */
export async function readPicture(path: string): Promise<Picture> {
  try {
    return await encodedPicture(await readFile(path), path);
  } catch (cause) {
    if (cause instanceof CameraError) throw cause;
    throw new CameraError(`${path}: not a readable picture: ${messageOf(cause)}`, { cause });
  }
}
