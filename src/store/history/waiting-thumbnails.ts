import type { NumberedObservation } from './answer-runs.ts';
import type { Thumbnail } from './segment-file.ts';

/** How many observations ago a late picture may belong to. */
const maxWritten = 256;

/** Pictures that wait for the block of their observation, or come soon after it and wait for the next one. */
export class WaitingThumbnails {
  /** By id of an observation that waits: its picture, if it is here yet. */
  #expected = new Map<string, Uint8Array | null>();
  /** The numbers of the observations that were written last, oldest first. */
  readonly #written = new Map<string, number>();
  #late: Thumbnail[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  expect(id: string): void {
    this.#expected.set(id, null);
  }

  /** Keeps the picture of an observation that was expected; others are ignored. */
  add(id: string, jpeg: Uint8Array): void {
    const number = this.#written.get(id);
    if (number !== undefined) this.#late.push([number, jpeg]);
    else if (this.#expected.has(id)) this.#expected.set(id, jpeg);
    else return;
    this.#bytes += jpeg.length;
  }

  /** The pictures that go with a block. */
  take(block: readonly NumberedObservation[]): Thumbnail[] {
    const taken = this.#late;
    this.#late = [];
    for (const { number, observation } of block) {
      const { id } = observation;
      const jpeg = this.#expected.get(id);
      if (jpeg) taken.push([number, jpeg]);
      this.#expected.delete(id);
      this.#written.set(id, number);
    }
    for (const id of [...this.#written.keys()].slice(0, -maxWritten)) this.#written.delete(id);
    this.#bytes -= taken.reduce((sum, [, jpeg]) => sum + jpeg.length, 0);
    return taken;
  }

  /** These are written, or have no observation. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#bytes -= this.#expected.get(id)?.length ?? 0;
      this.#expected.delete(id);
    }
  }

  clear(): void {
    this.#expected.clear();
    this.#written.clear();
    this.#late = [];
    this.#bytes = 0;
  }
}
