import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, messageOf } from '../domain/errors.ts';
import { DamagedError, isDamage, isLocked, isUnreachable, moveAside } from './database-fault.ts';
import { OutboxDatabase, sizeOf, type TimedEntry } from './outbox-database.ts';
import type { NewEntry, Notice, OutboxBounds, OutboxEntry, OutboxStatus } from './outbox-protocol.ts';

/** Limits of what waits in memory while the disk cannot be written. */
const maxUnwritten = 1000;
const maxUnwrittenBytes = 8 << 20;
const sweepEveryMs = 10_000;

/**
 * The outbox with its faults handled: a damaged file is moved aside, and entries wait in memory while the disk is full.
 * Synchronous; it runs in its own thread (outbox-worker). Times are of a clock that runs only while the outbox is open.
 */
export class OutboxFile {
  readonly #path: string;
  readonly #bounds: OutboxBounds;
  readonly #notify: (notice: Notice) => void;
  #database: OutboxDatabase | null = null;
  /** The outbox's clock is this plus performance.now(). */
  #clockOffsetMs = 0;
  #nextSeq = 1;
  #sweptMs = 0;
  /** In order, and newer than all entries in the file. */
  #unwritten: TimedEntry[] = [];
  #delivered: number[] = [];
  /** Cameras with an observation since the start; the state of others, which may be gone, is not republished. */
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
   * Opens or creates the file.
   * @throws ConfigError if the folder cannot be used, or another process has the file
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
      // A number that no entry in the file can have, since the file may become readable later.
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

  /** Adds an entry, which `commit` writes. */
  add(entry: NewEntry): void {
    this.#cameras.add(entry.camera);
    if (sizeOf(entry) > this.#bounds.maxBytes) this.#drop(1, 'larger than store.outbox.max_size');
    else this.#unwritten.push({ ...entry, seq: this.#nextSeq++, addedMs: this.#nowMs() });
  }

  /** The broker has acknowledged this entry. The next `commit` writes that; if it is lost, the entry is sent twice. */
  delivered(seq: number): void {
    this.#delivered.push(seq);
  }

  /** Writes what was added and delivered, durably. If the disk fails, entries stay in memory and `status` says why. */
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

  /** Makes what a broker has lost wait again: see {@link OutboxDatabase.sendAgain}. */
  sendAgain(after: number): number {
    this.commit();
    return this.#attempt(() => this.#opened().sendAgain(after, this.#cameras, this.#nowMs())) ?? 0;
  }

  close(): void {
    this.commit();
    this.#database?.close();
    this.#database = null;
  }

  /** Opens the database if necessary; a damaged one is moved aside and replaced. */
  #opened(): OutboxDatabase {
    if (this.#database) return this.#database;
    let database: OutboxDatabase;
    try {
      database = openPrivately(this.#path);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#moveAside(error);
      database = openPrivately(this.#path);
    }
    this.#nextSeq = Math.max(this.#nextSeq, database.nextSeq);
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs, database.clockMs - performance.now());
    this.#database = database;
    return database;
  }

  /** Works on the database, and again on a new one if it is damaged; null if the disk fails. */
  #attempt<T>(work: () => T): T | null {
    try {
      const result = this.#retriedIfDamaged(work);
      if (this.#fault !== null)
        this.#notify({ level: 'info', fields: {}, message: 'outbox can be written again' });
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
      this.#moveAside(error);
      return work();
    }
  }

  #moveAside(error: unknown): void {
    this.#database?.close();
    this.#database = null;
    const aside = moveAside(this.#path);
    this.#damaged++;
    const fields = { path: this.#path, aside, reason: messageOf(error) };
    this.#notify({
      level: 'error',
      fields,
      message: 'outbox damaged; moved aside and replaced by a new one',
    });
  }

  #sweep(): void {
    this.#sweptMs = this.#nowMs();
    const tooOld = this.#opened().sweep(this.#bounds, this.#sweptMs);
    this.#drop(tooOld, 'older than store.outbox.max_age');
  }

  #failed(error: unknown): void {
    const reason = messageOf(error);
    if (reason !== this.#fault) {
      const message = 'outbox cannot be written; descriptions wait in memory and are lost if Scenecast stops';
      this.#notify({ level: 'error', fields: { path: this.#path, reason }, message });
    }
    this.#fault = reason;
  }

  /** Keeps what could not be written: without entries delivered meanwhile, and within the limits of memory. */
  #holdUnwritten(): void {
    const delivered = new Set(this.#delivered);
    this.#unwritten = this.#unwritten.filter(({ seq }) => !delivered.has(seq));
    let bytes = this.#unwritten.reduce((sum, entry) => sum + sizeOf(entry), 0);
    let dropped = 0;
    while (this.#unwritten.length > maxUnwritten || bytes > maxUnwrittenBytes) {
      bytes -= sizeOf(this.#unwritten.shift()!);
      dropped++;
    }
    this.#drop(dropped, 'the disk cannot be written and memory is full');
  }

  #drop(count: number, reason: string): void {
    if (count === 0) return;
    this.#dropped += count;
    const fields = { count, reason, droppedTotal: this.#dropped };
    this.#notify({ level: 'warn', fields, message: 'descriptions dropped from the outbox' });
  }

  #nowMs(): number {
    return Math.round(this.#clockOffsetMs + performance.now());
  }
}

/** Descriptions are private; SQLite gives its other files the permissions of this one. */
function openPrivately(path: string): OutboxDatabase {
  const stats = statSync(path, { throwIfNoEntry: false });
  // Opening a pipe would block this thread for ever.
  if (stats && !stats.isFile() && !stats.isDirectory())
    throw new DamagedError('it is a pipe, device or socket');
  closeSync(openSync(path, 'a', 0o600));
  return new OutboxDatabase(path);
}
