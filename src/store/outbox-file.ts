import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { isDamage, isLocked, isUnreachable, putAside } from './database-fault.ts';
import { OutboxDatabase, sizeOf, type TimedEntry } from './outbox-database.ts';
import type { NewEntry, Notice, OutboxBounds, OutboxEntry, OutboxStatus } from './outbox-protocol.ts';

/** What the disk does not take waits in memory, up to here. */
const mostUnwritten = 1000;
const mostUnwrittenBytes = 8 << 20;
const sweepEveryMs = 10_000;

/**
 * The outbox with what goes wrong around it: a damaged file is put aside, a full disk is sat out in memory. Synchronous;
 * it lives in a thread of its own (outbox-worker). Times are of a clock that runs while the outbox is open and is never set.
 */
export class OutboxFile {
  readonly #path: string;
  readonly #bounds: OutboxBounds;
  readonly #notify: (notice: Notice) => void;
  #database: OutboxDatabase | null = null;
  /** What the outbox's clock shows is this, and the time since the process began. */
  #clockOffsetMs = 0;
  #nextSeq = 1;
  #sweptMs = 0;
  /** In order, and newer than all that is in the file. */
  #unwritten: TimedEntry[] = [];
  #delivered: number[] = [];
  /** Those that have described something since the start: of others, which may be gone, no state is said anew. */
  readonly #cameras = new Set<string>();
  #dropped = 0;
  #damaged = 0;
  #fault: string | null = null;

  constructor(path: string, bounds: OutboxBounds, notify: (notice: Notice) => void) {
    this.#path = path;
    this.#bounds = bounds;
    this.#notify = notify;
  }

  /**
   * Opens the file, or begins one.
   * @throws ConfigError where the folder cannot be used, or another process has the file.
   */
  open(): void {
    const path = this.#path;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      this.#opened();
      this.#sweep();
    } catch (cause) {
      if (isLocked(cause)) {
        const remedy = 'give one of the two another device name, or another store.folder';
        throw new ConfigError(`store.folder: ${path} is in use by another Scenecast; ${remedy}`, { cause });
      }
      if (isUnreachable(cause)) {
        const remedy = 'the folder must belong to the user that Scenecast runs as';
        throw new ConfigError(`store.folder: ${path} cannot be used: ${messageOf(cause)}; ${remedy}`, {
          cause,
        });
      }
      // A number that no entry in the file can have, as the file may be readable again later.
      this.#nextSeq = Date.now() * 1000;
      this.#failed(cause);
    }
  }

  get status(): OutboxStatus {
    const { id = '', entries = 0, waiting = 0 } = this.#database ?? {};
    return {
      outboxId: id,
      depth: waiting + this.#unwritten.length,
      replayable: entries - waiting,
      dropped: this.#dropped,
      damaged: this.#damaged,
      fault: this.#fault,
    };
  }

  /** Takes an entry, which `commit` then writes. */
  add(entry: NewEntry): void {
    this.#cameras.add(entry.camera);
    if (sizeOf(entry) > this.#bounds.maxBytes) this.#drop(1, 'larger than store.outbox.max_size');
    else this.#unwritten.push({ ...entry, seq: this.#nextSeq++, addedMs: this.#nowMs() });
  }

  /** The broker has acknowledged this entry. Written with the next `commit`; one that is lost means a duplicate. */
  delivered(seq: number): void {
    this.#delivered.push(seq);
  }

  /** Writes what was added and delivered, durably. What the disk does not take stays in memory, and `status` tells why. */
  commit(): void {
    this.#attempt(() => {
      const database = this.#opened();
      const dropped = database.write(this.#unwritten, this.#delivered, this.#bounds, this.#nowMs());
      this.#unwritten = [];
      this.#delivered = [];
      this.#drop(dropped, 'the outbox is full');
      if (this.#nowMs() - this.#sweptMs > sweepEveryMs) this.#sweep();
    });
    if (this.#fault !== null) this.#holdUnwritten();
  }

  /** The oldest entries above `after` that wait for the broker, at most `limit`. */
  waiting(after: number, limit: number): OutboxEntry[] {
    if (this.#delivered.some((seq) => seq > after)) this.commit();
    const rows = this.#attempt(() => this.#opened().oldestWaiting(after, limit)) ?? [];
    const more = this.#unwritten.filter(({ seq }) => seq > after).slice(0, limit - rows.length);
    return [...rows, ...more.map(({ seq, id, camera, body }) => ({ seq, id, camera, body }))];
  }

  /** What a broker has lost waits again: see {@link OutboxDatabase.sendAgain}. */
  sendAgain(after: number): number {
    this.commit();
    return this.#attempt(() => this.#opened().sendAgain(after, this.#cameras, this.#nowMs())) ?? 0;
  }

  close(): void {
    this.commit();
    this.#database?.close();
    this.#database = null;
  }

  /** The database, opened if it is not; a damaged one is put aside and a new one begun. */
  #opened(): OutboxDatabase {
    if (this.#database) return this.#database;
    let database: OutboxDatabase;
    try {
      database = openPrivately(this.#path);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#putAside(error);
      database = openPrivately(this.#path);
    }
    this.#nextSeq = Math.max(this.#nextSeq, database.nextSeq);
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs, database.clockMs - performance.now());
    this.#database = database;
    return database;
  }

  /** Does work on the database: again on a new one where it is damaged; null where the disk does not let it. */
  #attempt<T>(work: () => T): T | null {
    try {
      const result = this.#retriedIfDamaged(work);
      if (this.#fault !== null)
        this.#notify({ level: 'info', fields: {}, message: 'the outbox is written again' });
      this.#fault = null;
      return result;
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  #retriedIfDamaged<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#putAside(error);
      return work();
    }
  }

  #putAside(error: unknown): void {
    this.#database?.close();
    this.#database = null;
    const aside = putAside(this.#path);
    this.#damaged++;
    const fields = { path: this.#path, aside, reason: messageOf(error) };
    this.#notify({
      level: 'error',
      fields,
      message: 'the outbox is damaged: it is put aside, and a new one begun',
    });
  }

  #sweep(): void {
    this.#sweptMs = this.#nowMs();
    const tooOld = this.#opened().sweep(this.#bounds, this.#sweptMs);
    this.#drop(tooOld, 'they waited for longer than store.outbox.max_age');
  }

  #failed(error: unknown): void {
    const reason = messageOf(error);
    if (reason !== this.#fault) {
      const message =
        'the outbox cannot be written; descriptions wait in memory and are lost if Scenecast ends';
      this.#notify({ level: 'error', fields: { path: this.#path, reason }, message });
    }
    this.#fault = reason;
  }

  /** What could not be written: without what has been delivered since, and no more than memory may hold. */
  #holdUnwritten(): void {
    const delivered = new Set(this.#delivered);
    this.#unwritten = this.#unwritten.filter(({ seq }) => !delivered.has(seq));
    let bytes = this.#unwritten.reduce((sum, entry) => sum + sizeOf(entry), 0);
    let dropped = 0;
    while (this.#unwritten.length > mostUnwritten || bytes > mostUnwrittenBytes) {
      bytes -= sizeOf(this.#unwritten.shift()!);
      dropped++;
    }
    this.#drop(dropped, 'the disk does not take them, and memory is full');
  }

  #drop(count: number, reason: string): void {
    if (count === 0) return;
    this.#dropped += count;
    const fields = { count, reason, droppedInAll: this.#dropped };
    this.#notify({ level: 'warn', fields, message: 'descriptions dropped from the outbox' });
  }

  #nowMs(): number {
    return Math.round(this.#clockOffsetMs + performance.now());
  }
}

/** What cameras see is not for every user of the board; SQLite gives its other files the rights of this one. */
function openPrivately(path: string): OutboxDatabase {
  closeSync(openSync(path, 'a', 0o600));
  return new OutboxDatabase(path);
}
