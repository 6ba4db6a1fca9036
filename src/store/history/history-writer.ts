import { mkdirSync } from 'node:fs';
import { messageOf } from '../../domain/errors.ts';
import { isDamage, moveAside } from '../database-fault.ts';
import { fileAt } from '../outbox-place.ts';
import type { Notice, OutboxEntry } from '../outbox-protocol.ts';
import { type OutboxMark, packBlock, recordedOf } from './block.ts';
import { type HistoryBounds, segmentPath, segmentsIn } from './history-folder.ts';
import { fileToRemove, removeSegment, segmentLimits } from './history-pruning.ts';
import { SegmentFile } from './segment-file.ts';
import { WaitingThumbnails } from './waiting-thumbnails.ts';

/** The outbox as the history uses it. */
export interface HistorySource {
  /** Identifies the outbox; empty while it cannot be opened. */
  readonly id: string;
  /** Entries numbered above `after`, delivered or not, in order, at most `limit`. */
  since(after: number, limit: number): readonly OutboxEntry[];
}

/** Observations of a block. A block writes some pages whole, so fewer blocks write less; and it is one piece of work. */
const maxBlock = 64;
/** What has waited this long is written, in a smaller block. */
const maxWaitMs = 10 * 60_000;
/** Thumbnails that wait in memory. */
const maxWaitingBytes = 512 << 10;
/** Of a segment, so that numbers behind a damaged one are certainly new. */
const maxInSegment = 100_000;
/** Time between two looks for what has become too old, and between attempts while the disk fails. */
const pruneEveryMs = 60_000;
const retryMs = 60_000;

/** A segment that is written, with what was known when it was opened. */
interface OpenSegment {
  readonly file: SegmentFile;
  readonly first: number;
  readonly startMs: number;
  /** See {@link fileAt}. */
  readonly place: string | null;
}

/**
 * Writes what the outbox has stored into the history: blocks of observations, in segments that follow each other. The
 * work comes in pieces of milliseconds, so that the outbox, in whose thread it is done, is never kept waiting. Since an
 * observation is durable in the outbox at once, the history can take its time; and after a crash it gets from there what
 * it had not written.
 */
export class HistoryWriter {
  readonly #bounds: HistoryBounds;
  readonly #outbox: HistorySource;
  readonly #notify: (notice: Notice) => void;
  readonly #maxWaitMs: number;
  #isOpen = false;
  #segment: OpenSegment | null = null;
  #nextNumber = 1;
  /** Of the newest block. */
  #mark: OutboxMark | null = null;
  /** What comes next is in the outbox; until it has been read, nothing is taken from `added`. */
  #isBehind = true;
  /** The newest entry that was read from the outbox. */
  #readSeq = 0;
  #waiting: { readonly entry: OutboxEntry; readonly sinceMs: number }[] = [];
  readonly #thumbnails = new WaitingThumbnails();
  #prunedMs = Number.NEGATIVE_INFINITY;
  #fault: string | null = null;

  constructor(bounds: HistoryBounds, outbox: HistorySource, notify: (notice: Notice) => void) {
    this.#bounds = bounds;
    this.#outbox = outbox;
    this.#notify = notify;
    this.#maxWaitMs = Math.min(maxWaitMs, segmentLimits(bounds).ageMs);
  }

  /** The outbox has a new entry. */
  added(entry: OutboxEntry): void {
    if (this.#isBehind || entry.seq <= this.#readSeq) return;
    this.#waiting.push({ entry, sinceMs: performance.now() });
    this.#thumbnails.expect(entry.id);
  }

  /** The picture of an entry that was just added. */
  addThumbnail(id: string, jpeg: Uint8Array): void {
    this.#thumbnails.add(id, jpeg);
  }

  /** Does one piece of work, if there is any. @returns in how many milliseconds to call it again */
  step(): number {
    // Without its id there is no saying how far the history is.
    if (this.#outbox.id === '') return retryMs;
    try {
      this.#open();
      if (this.#tidy()) return 0;
      if (this.#isBehind) this.#catchUp();
      else if (this.#isDue) this.#writeBlock();
      else if (this.#pruneInMs === 0 && !this.#prune()) this.#prunedMs = performance.now();
    } catch (error) {
      this.#failed(error);
      return retryMs;
    }
    return this.dueInMs;
  }

  /** In how many milliseconds there is something to do. */
  get dueInMs(): number {
    if (this.#isBehind || this.#isDue) return 0;
    const [oldest] = this.#waiting;
    const writeInMs = oldest ? oldest.sinceMs + this.#maxWaitMs - performance.now() : Infinity;
    return Math.max(0, Math.min(this.#pruneInMs, writeInMs));
  }

  /** Writes a block of what waits, however small. @returns whether there is more to write */
  flushBlock(): boolean {
    if (this.#outbox.id === '') return false;
    try {
      this.#open();
      if (this.#tidy()) return true;
      if (this.#isBehind) this.#catchUp();
      else if (this.#waiting.length > 0) this.#writeBlock();
    } catch (error) {
      this.#failed(error);
      return false;
    }
    return this.#isBehind || this.#waiting.length > 0;
  }

  /** Writes what waits. What is still to be read from the outbox is left for the next start. */
  close(): void {
    while (!this.#isBehind && this.flushBlock());
    this.#closeSegment();
  }

  get #isDue(): boolean {
    const [oldest] = this.#waiting;
    if (!oldest) return false;
    const isFull = this.#waiting.length >= maxBlock || this.#thumbnails.bytes >= maxWaitingBytes;
    return isFull || performance.now() - oldest.sinceMs >= this.#maxWaitMs;
  }

  get #pruneInMs(): number {
    return Math.max(0, this.#prunedMs + pruneEveryMs - performance.now());
  }

  /** Goes on with the newest segment, if there is one. */
  #open(): void {
    if (this.#isOpen) return;
    for (const { path, first, startMs } of segmentsIn(this.#bounds.folder).reverse()) {
      try {
        this.#use(path, first, startMs);
        break;
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#moveAside(path, first, error);
      }
    }
    this.#isOpen = true;
  }

  #use(path: string, first: number, startMs: number): SegmentFile {
    const file = new SegmentFile(path);
    this.#segment = { file, first, startMs, place: fileAt(path) };
    this.#nextNumber = Math.max(this.#nextNumber, (file.last ?? first - 1) + 1);
    this.#mark = file.mark ?? this.#mark;
    return file;
  }

  /** Folds runs, moves a long log into the file, or seals a full one, as a piece of work. @returns false if nothing is due */
  #tidy(): boolean {
    const open = this.#segment;
    if (!open) return false;
    const isLarge = open.file.bytes >= segmentLimits(this.#bounds).bytes;
    if (open.file.isToFold) open.file.fold();
    else if (open.file.isLogLong || (isLarge && open.file.hasLog)) open.file.moveLog();
    else if (isLarge) this.#seal(open);
    else return false;
    return true;
  }

  #seal({ file }: OpenSegment): void {
    file.seal();
    this.#segment = null;
    this.#prunedMs = Number.NEGATIVE_INFINITY;
  }

  #catchUp(): void {
    const { outbox, seq } = this.#mark ?? { outbox: '', seq: 0 };
    const entries = this.#outbox.since(outbox === this.#outbox.id ? seq : 0, maxBlock);
    const sinceMs = performance.now();
    this.#waiting = entries.map((entry) => ({ entry, sinceMs }));
    this.#readSeq = entries.at(-1)?.seq ?? this.#readSeq;
    if (entries.length === maxBlock) this.#writeBlock();
    else this.#isBehind = false;
  }

  #writeBlock(): void {
    const entries = this.#waiting.slice(0, maxBlock).map(({ entry }) => entry);
    const recorded = entries.flatMap(({ body }) => recordedOf(body) ?? []);
    const mark = { outbox: this.#outbox.id, seq: entries.at(-1)!.seq };
    if (recorded.length > 0) {
      const file = this.#segmentFrom(recorded[0]!.atMs);
      const block = packBlock(recorded, this.#nextNumber);
      file.write(block, mark, this.#thumbnails.take(block.observations));
      this.#nextNumber += recorded.length;
      this.#succeeded();
    }
    this.#mark = mark;
    this.#thumbnails.forget(entries.map(({ id }) => id));
    this.#waiting.splice(0, entries.length);
  }

  /** The open segment; a new one if there is none, it is full, or it was deleted. */
  #segmentFrom(startMs: number): SegmentFile {
    const open = this.#segment;
    if (open && fileAt(open.file.path) !== open.place) {
      this.#closeSegment();
      const fields = { path: open.file.path };
      this.#notify({ level: 'warn', fields, message: 'history was deleted; a new one begins' });
    } else if (open && this.#isFull(open, startMs)) {
      this.#seal(open);
    } else if (open) return open.file;
    const { folder } = this.#bounds;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return this.#use(segmentPath(folder, this.#nextNumber, startMs), this.#nextNumber, startMs);
  }

  #isFull({ first, startMs }: OpenSegment, nextMs: number): boolean {
    const isLong = this.#nextNumber + maxBlock > first + maxInSegment;
    // A clock that was set in between counts too, in both directions.
    return isLong || Math.abs(nextMs - startMs) >= segmentLimits(this.#bounds).ageMs;
  }

  /** @returns whether there was something to remove */
  #prune(): boolean {
    const path = fileToRemove(this.#bounds, this.#segment?.file.path ?? null, Date.now());
    if (path === null) return false;
    if (path === this.#segment?.file.path) this.#closeSegment();
    removeSegment(path);
    return true;
  }

  #moveAside(path: string, first: number, error: unknown): void {
    this.#nextNumber = Math.max(this.#nextNumber, first + maxInSegment);
    const fields = { path, aside: moveAside(path), reason: messageOf(error) };
    this.#notify({ level: 'error', fields, message: 'a part of the history is damaged; moved aside' });
  }

  /** What waits is still in the outbox, and is read from there. */
  #failed(error: unknown): void {
    this.#isBehind = true;
    this.#waiting = [];
    this.#thumbnails.clear();
    const fault = this.#replacedIfDamaged(error);
    const reason = messageOf(fault);
    if (fault === null || reason === this.#fault) return;
    this.#fault = reason;
    const fields = { folder: this.#bounds.folder, reason };
    const message = 'history cannot be written; the outbox keeps what it can';
    this.#notify({ level: 'error', fields, message });
  }

  /** Moves the open segment aside if it is damaged. @returns the error that remains; null: none */
  #replacedIfDamaged(error: unknown): unknown {
    const open = this.#segment;
    if (!open || !isDamage(error)) return error;
    try {
      this.#closeSegment();
      this.#moveAside(open.file.path, open.first, error);
      return null;
    } catch (cause) {
      return cause;
    }
  }

  #succeeded(): void {
    if (this.#fault === null) return;
    this.#fault = null;
    this.#notify({ level: 'info', fields: {}, message: 'history can be written again' });
  }

  #closeSegment(): void {
    this.#segment?.file.close();
    this.#segment = null;
  }
}
