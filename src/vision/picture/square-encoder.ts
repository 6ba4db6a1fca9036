import { hash } from 'node:crypto';
import type { MtmdEngine } from '../native/mtmd-engine.ts';

/** Encodes a square: imageSize x imageSize x 3 bytes to (imageSize / patchSize)^2 x width floats. */
export type EncodeSquare = (rgb: Uint8Array) => Promise<Float32Array>;
/** Encodes a square: the class token's attention to each of its (imageSize / patchSize)^2 patches. */
export type AttendSquare = (rgb: Uint8Array) => Promise<Float32Array>;

interface Square {
  readonly embeddings: Float32Array;
  /** null: it was not asked for. */
  readonly classAttention: Float32Array | null;
}

/** Squares that were encoded once, of which only the hash is remembered. */
const maxSeen = 256;

/**
 * Encodes the squares of one picture after the other, and keeps the embeddings of those whose pixels repeat: behind a
 * privacy mask, or of a still picture. Only what appears in a second picture is kept, so that pictures that always differ
 * take no memory, and at most as many squares as the largest picture had. What the class token attends to is kept with them.
 */
export class SquareEncoder {
  readonly #engine: MtmdEngine;
  readonly #seen = new Set<string>();
  /** By hash, the least recently used first. */
  readonly #kept = new Map<string, Square>();
  #maxKept = 0;
  #picture = new Map<string, Square>();

  constructor(engine: MtmdEngine) {
    this.#engine = engine;
  }

  /** The result is shared with other squares of the same pixels: do not write to it. Rejects with the signal's reason. */
  async encode(rgb: Uint8Array, signal: AbortSignal): Promise<Float32Array> {
    return (await this.#squareOf(rgb, signal, false)).embeddings;
  }

  /**
   * The class token's attention to each patch; `encode` then has the embeddings. A square that was kept without attention is
   * encoded again. Otherwise as `encode`; also rejects with NO_CLASS_ATTENTION.
   */
  async attend(rgb: Uint8Array, signal: AbortSignal): Promise<Float32Array> {
    return (await this.#squareOf(rgb, signal, true)).classAttention!;
  }

  async #squareOf(rgb: Uint8Array, signal: AbortSignal, wantsAttention: boolean): Promise<Square> {
    // The engine notices an abort only while it computes.
    signal.throwIfAborted();
    const key = hash('sha256', rgb);
    const known = this.#picture.get(key) ?? this.#kept.get(key);
    const isEnough = known && (!wantsAttention || known.classAttention !== null);
    const square = isEnough ? known : await this.#encode(rgb, wantsAttention);
    this.#picture.set(key, square);
    return square;
  }

  async #encode(rgb: Uint8Array, wantsAttention: boolean): Promise<Square> {
    if (wantsAttention) return this.#engine.encodeAttendedTile(rgb);
    return { embeddings: await this.#engine.encodeTile(rgb), classAttention: null };
  }

  /** `isInterrupted`: the same picture will be described later, and all of its squares are kept for it. */
  endPicture(isInterrupted: boolean): void {
    for (const [key, square] of this.#picture) {
      const wasSeen = this.#seen.delete(key);
      const wasKept = this.#kept.delete(key);
      if (wasSeen || wasKept || isInterrupted) this.#kept.set(key, square);
      else this.#seen.add(key);
    }
    this.#maxKept = Math.max(this.#maxKept, this.#picture.size);
    this.#picture = new Map();
    dropOldest(this.#kept, this.#maxKept);
    dropOldest(this.#seen, maxSeen);
  }
}

function dropOldest(entries: Map<string, unknown> | Set<string>, maxSize: number): void {
  for (const key of entries.keys()) {
    if (entries.size <= maxSize) return;
    entries.delete(key);
  }
}
