import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { CameraError, messageOf } from '../domain/errors.ts';
import type { Picture } from '../domain/frame.ts';
import type { Camera } from '../pipeline/ports.ts';

const pictureEndings = new Set(['.jpg', '.jpeg', '.png', '.webp']);

/** A camera that shows a picture file, or the pictures of a folder one after another, again and again. */
export class StillCamera implements Camera {
  readonly name: string;
  readonly #path: string;
  /** The file shown last, so that files may come and go between two looks. */
  #last: string | null = null;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
  }

  /** Rejects with a CameraError where there is no picture to show. */
  async start(): Promise<void> {
    await this.#files();
  }

  async capture(): Promise<Picture> {
    const files = await this.#files();
    const last = this.#last;
    const next = (last === null ? undefined : files.find((file) => file > last)) ?? files[0]!;
    this.#last = next;
    return readPicture(next);
  }

  async close(): Promise<void> {}

  /** The picture files in order of name; never empty. */
  async #files(): Promise<string[]> {
    const path = this.#path;
    try {
      if ((await stat(path)).isFile()) return [path];
      const names = await readdir(path);
      const files = names.filter((name) => pictureEndings.has(extname(name).toLowerCase())).sort();
      if (files.length > 0) return files.map((name) => join(path, name));
    } catch (cause) {
      throw new CameraError(`${path}: cannot be read: ${messageOf(cause)}`, { cause });
    }
    throw new CameraError(`${path}: holds no picture (${[...pictureEndings].join(', ')})`);
  }
}

/** Reads a picture file; its size is what a viewer shows, EXIF orientation applied. Rejects with a CameraError. */
export async function readPicture(path: string): Promise<Picture> {
  try {
    const bytes = await readFile(path);
    const { width, height } = (await sharp(bytes).metadata()).autoOrient;
    return { bytes, size: { width, height } };
  } catch (cause) {
    throw new CameraError(`${path}: not a readable picture: ${messageOf(cause)}`, { cause });
  }
}
