import { messageOf } from '../domain/errors.ts';
import type { Frame, Picture } from '../domain/frame.ts';
import type { Log } from '../pipeline/ports.ts';

/** Encodes a picture as a JPEG file without metadata; null: it cannot be made small enough. */
export type EncodePicture = (picture: Picture) => Promise<Uint8Array | null>;

interface Kept {
  readonly id: string;
  readonly picture: Picture;
}

/** A page that shows a description may ask for its picture a little after the next one. */
const maxDescribed = 2;

/**
 * The newest pictures of each camera: those described, by the id of the observation, and that of the newest look. They are kept
 * as the pipeline has them, and encoded when one is asked for, once for all who ask. Those described that are bare pixels are
 * encoded at once, since a file takes a tenth of the memory.
 */
export class KeptPictures {
  readonly #encode: EncodePicture;
  readonly #log: Log;
  readonly #described = new Map<string, Kept[]>();
  readonly #newest = new Map<string, Picture>();
  readonly #files = new WeakMap<Picture, Promise<Picture | null>>();

  constructor(encode: EncodePicture, log: Log) {
    this.#encode = encode;
    this.#log = log;
  }

  seen(camera: string, picture: Picture): void {
    this.#newest.set(camera, picture);
  }

  described({ id, camera, picture }: Frame): void {
    const kept = (this.#described.get(camera) ?? []).filter((each) => each.id !== id);
    this.#described.set(camera, [...kept, { id, picture }].slice(-maxDescribed));
    if (picture.pixels === undefined) return;
    void this.#fileOf(picture).then((file) => this.#replace(camera, id, file));
  }

  /** Drops all pictures of a camera. */
  forget(camera: string): void {
    this.#described.delete(camera);
    this.#newest.delete(camera);
  }

  /** The JPEG of an observation; null: it is not kept, or cannot be encoded. */
  async ofObservation(id: string): Promise<Uint8Array | null> {
    for (const kept of this.#described.values()) {
      const found = kept.find((each) => each.id === id);
      if (found) return (await this.#fileOf(found.picture))?.bytes ?? null;
    }
    return null;
  }

  /** The JPEG of a camera's newest look; null: there was none. */
  async ofLook(camera: string): Promise<Uint8Array | null> {
    const picture = this.#newest.get(camera);
    return picture ? ((await this.#fileOf(picture))?.bytes ?? null) : null;
  }

  #replace(camera: string, id: string, file: Picture | null): void {
    const kept = this.#described.get(camera) ?? [];
    const index = kept.findIndex((each) => each.id === id);
    if (file === null || index < 0) return;
    this.#files.set(file, Promise.resolve(file));
    kept[index] = { id, picture: file };
  }

  #fileOf(picture: Picture): Promise<Picture | null> {
    const known = this.#files.get(picture);
    if (known) return known;
    const file = this.#encode(picture).then(
      (bytes) => bytes && { size: picture.size, bytes },
      (error: unknown) => {
        this.#log.debug({ reason: messageOf(error) }, 'picture not encoded for the window');
        return null;
      },
    );
    this.#files.set(picture, file);
    return file;
  }
}
