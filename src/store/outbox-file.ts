import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../domain/errors.ts';
import { isDamage, moveAside } from './database-fault.ts';
import { type OutboxDatabase, sizeOf } from './outbox-database.ts';
import { configFaultOf, OutboxFaults } from './outbox-faults.ts';
import { fileAt, openPrivately, writeCopy } from './outbox-place.ts';
import type {
  NewEntry,
  Notice,
  OutboxBounds,
  OutboxEntry,
  OutboxStatus,
  TimedEntry,
} from './outbox-protocol.ts';

/** Limits of what waits in memory while the disk cannot be written. */
const maxUnwritten = 1000;
const maxUnwrittenBytes = 8 << 20;
/** How far a full outbox may exceed its bounds, so that it drops many entries at a time, which writes less too. */
const maxExcess = 1.01;
/** Expired entries are removed many at a time, which writes less. */
const sweepEveryMs = 300_000;

/**
 * The outbox with its faults handled: a damaged file is moved aside, and entries wait in memory while the disk is full.
 * Synchronous; it runs in its own thread (outbox-worker). Times are of a clock that runs only while the outbox is open.
 */
export class OutboxFile {
  readonly #path: string;
  readonly #bounds: OutboxBounds;
  readonly #notify: (notice: Notice) => void;
  #database: OutboxDatabase | null = null;
  /** Of the open file: see {@link fileAt}. */
  #openFile: string | null = null;
  /** The outbox's clock is this plus performance.now(). */
  #clockOffsetMs = 0;
  #nextSeq = 1;
  #sweptMs = 0;
  /** In order, and newer than all entries in the database's table. */
  #unwritten: TimedEntry[] = [];
  /** How many of these, the first, are in the database's journal: a crash does not lose them. */
  #journaled = 0;
  /** When entries in the table or unwritten ones were delivered. */
  readonly #delivered = new Map<number, number>();
  /** Those of them that are not in the journal. */
  #newlyDelivered: [seq: number, atMs: number][] = [];
  #dropped = 0;
  #damaged = 0;
  readonly #faults: OutboxFaults;

  constructor(path: string, bounds: OutboxBounds, notify: (notice: Notice) => void) {
    this.#path = path;
    this.#bounds = bounds;
    this.#notify = notify;
    this.#faults = new OutboxFaults(path, notify);
  }

  /** Opens or creates the file. @throws ConfigError if its folder cannot be used, or another process has it */
  open(): void {
    const path = this.#path;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      this.#opened();
      this.#write(true);
    } catch (cause) {
      const fault = configFaultOf(path, cause);
      if (fault) throw fault;
      // A number that no entry in the file can have, since the file may become readable later.
      this.#nextSeq = Date.now() * 1000;
      this.#faults.failed('write', cause);
    }
  }

  get status(): OutboxStatus {
    const { id = '', entries = 0, waiting = 0 } = this.#database ?? {};
    return {
      outboxId: id,
      depth: waiting + this.#unwritten.length - this.#delivered.size,
      replayable: entries - waiting + this.#delivered.size,
      dropped: this.#dropped,
      damaged: this.#damaged,
      fault: this.#faults.reason,
    };
  }

  /** Adds an entry, which `commit` writes. @returns it with its number; null: it is too large */
  add(entry: NewEntry): OutboxEntry | null {
    if (sizeOf(entry) > this.#bounds.maxBytes) {
      this.#drop(1, 'larger than store.outbox.max_size');
      return null;
    }
    const added = { ...entry, seq: this.#nextSeq++, addedMs: this.#nowMs() };
    this.#unwritten.push(added);
    return added;
  }

  /** The broker has acknowledged this entry. The next `commit` writes that; if it is lost, the entry is sent twice. */
  delivered(seq: number): void {
    const isUnwritten = this.#unwritten.some((entry) => entry.seq === seq);
    // After a reconnect an entry may be acknowledged twice.
    const waits = isUnwritten || this.#attempt('read', () => this.#opened().isWaiting(seq));
    if (waits === false || this.#delivered.has(seq)) return;
    const atMs = this.#nowMs();
    this.#delivered.set(seq, atMs);
    this.#newlyDelivered.push([seq, atMs]);
  }

  /** Writes what was added and delivered, durably. If the disk fails, entries stay in memory and `status` says why. */
  commit(): void {
    const sweep = this.#nowMs() - this.#sweptMs > sweepEveryMs;
    const hasNew = this.#unwritten.length > this.#journaled || this.#newlyDelivered.length > 0;
    if (!hasNew && !sweep) return;
    this.#attempt('write', () => {
      const database = this.#opened();
      const record = { added: this.#unwritten.slice(this.#journaled), delivered: this.#newlyDelivered };
      const toJournal = !sweep && !this.#faults.cannotWrite && this.#isWithinBounds();
      if (toJournal && database.append(record)) {
        this.#journaled = this.#unwritten.length;
        this.#newlyDelivered = [];
      } else this.#write(sweep);
    });
    if (this.#faults.cannotWrite) this.#holdUnwritten();
  }

  /** The oldest entries above `after` that wait for the broker, at most `limit`. */
  waiting(after: number, limit: number): OutboxEntry[] {
    if ([...this.#delivered.keys()].some((seq) => seq > after))
      this.#attempt('write', () => this.#write(false));
    return this.#read(after, limit, (database) => database.oldestWaiting(after, limit));
  }

  /** The oldest entries above `after`, delivered or not, at most `limit`. */
  since(after: number, limit: number): OutboxEntry[] {
    return this.#read(after, limit, (database) => database.since(after, limit));
  }

  /** The newest entry of each camera, in order. */
  newest(): OutboxEntry[] {
    const rows = this.#attempt('read', () => this.#opened().newest()) ?? [];
    const newest = new Map([...rows, ...this.#unwritten].map((entry) => [entry.camera, entry]));
    return [...newest.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Makes what a broker has lost wait again: see {@link OutboxDatabase.sendAgain}. */
  sendAgain(after: number): number {
    const send = (): number => {
      this.#write(false);
      return this.#opened().sendAgain(after, this.#nowMs());
    };
    return this.#attempt('write', send) ?? 0;
  }

  /** Writes the file again if it was deleted, with its folder or alone: what is open still has everything. */
  restoreIfDeleted(): void {
    if (!this.#database) return;
    try {
      const there = fileAt(this.#path);
      const isComplete = there !== null && fileAt(`${this.#path}-wal`) !== null;
      if (there !== null && there !== this.#openFile)
        throw new Error(`${this.#path} was replaced by another file; restart Scenecast to use that one`);
      if (!isComplete) this.#restore(there === null);
      this.#faults.succeeded('place');
    } catch (error) {
      this.#faults.failed('place', error);
    }
  }

  close(): void {
    this.#attempt('write', () => this.#write(false));
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
    this.#unwritten = [...database.left.added, ...this.#unwritten];
    this.#journaled = database.left.added.length;
    for (const [seq, atMs] of database.left.delivered) this.#delivered.set(seq, atMs);
    this.#nextSeq = Math.max(this.#nextSeq, database.nextSeq);
    this.#clockOffsetMs = Math.max(this.#clockOffsetMs, database.clockMs - performance.now());
    this.#database = database;
    this.#openFile = fileAt(this.#path);
    return database;
  }

  #read(after: number, limit: number, rowsOf: (database: OutboxDatabase) => OutboxEntry[]): OutboxEntry[] {
    const rows = this.#attempt('read', () => rowsOf(this.#opened())) ?? [];
    const more = this.#unwritten.filter(({ seq }) => seq > after).slice(0, limit - rows.length);
    return [...rows, ...more.map(({ seq, id, camera, body }) => ({ seq, id, camera, body }))];
  }

  #restore(isGone: boolean): void {
    const path = this.#path;
    this.#write(false);
    if (isGone) writeCopy(this.#database!, path);
    // Closing moves what the write-ahead log holds into the file; opening begins a new log.
    this.#database!.close();
    this.#database = null;
    this.#opened();
    this.#notify({ level: 'warn', fields: { path }, message: 'outbox was deleted; written again' });
  }

  #write(sweep: boolean): void {
    const nowMs = this.#nowMs();
    const database = this.#opened();
    const { full, expired } = database.write(this.#unwritten, this.#delivered, this.#bounds, nowMs, sweep);
    this.#unwritten = [];
    this.#journaled = 0;
    this.#delivered.clear();
    this.#newlyDelivered = [];
    if (sweep) this.#sweptMs = nowMs;
    this.#drop(full, 'the outbox is full');
    this.#drop(expired, 'older than store.outbox.max_age');
  }

  /** Works on the database, and again on a new one if it is damaged; null if the disk fails. */
  #attempt<T>(kind: 'write' | 'read', work: () => T): T | null {
    const before = this.#database?.changes ?? 0;
    try {
      const result = this.#retriedIfDamaged(work);
      // A transaction that changes nothing succeeds on a full disk too.
      if (kind === 'read' || this.#database?.changes !== before) this.#faults.succeeded(kind);
      return result;
    } catch (error) {
      this.#faults.failed(kind, error);
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
    this.#journaled = 0;
    const aside = moveAside(this.#path);
    this.#damaged++;
    const fields = { path: this.#path, aside, reason: messageOf(error) };
    this.#notify({
      level: 'error',
      fields,
      message: 'outbox damaged; moved aside and replaced by a new one',
    });
  }

  /** The journal has no bounds of its own: they are enforced when it is moved. */
  #isWithinBounds(): boolean {
    const { entries = 0, bytes = 0 } = this.#database ?? {};
    const unwrittenBytes = this.#unwritten.reduce((sum, entry) => sum + sizeOf(entry), 0);
    const { maxEntries, maxBytes } = this.#bounds;
    return (
      entries + this.#unwritten.length <= maxEntries * maxExcess &&
      bytes + unwrittenBytes <= maxBytes * maxExcess
    );
  }

  /** Keeps what could not be written: without entries delivered meanwhile, and within the limits of memory. */
  #holdUnwritten(): void {
    // Those delivered meanwhile need not be written. If the journal has them, a crash sends them again.
    let bytes = this.#unwritten.reduce((sum, entry) => sum + sizeOf(entry), 0);
    let dropped = 0;
    this.#unwritten = this.#unwritten.filter((entry, index) => {
      const isDelivered = this.#delivered.delete(entry.seq);
      const isOver = this.#unwritten.length - index > maxUnwritten || bytes > maxUnwrittenBytes;
      if (!isDelivered && !isOver) return true;
      bytes -= sizeOf(entry);
      if (!isDelivered) dropped++;
      return false;
    });
    // The journal's entries remain a part of the next write, which empties it.
    this.#journaled = 0;
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
