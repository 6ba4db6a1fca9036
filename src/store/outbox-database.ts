import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ulid } from 'ulid';
import { DamagedError } from './database-fault.ts';
import { type JournalRecord, OutboxJournal } from './outbox-journal.ts';
import type { NewEntry, OutboxBounds, OutboxEntry, TimedEntry } from './outbox-protocol.ts';
import { packBody, unpackBody } from './packed-body.ts';

const schemaVersion = 2;
// No index and no AUTOINCREMENT, whose pages each commit would write: a memory card wears out by bytes. Queries read the
// table in order, whose bodies come last in a row and are read only if they are asked for.
const schema = `
  CREATE TABLE identity (id TEXT NOT NULL, last_removed INTEGER NOT NULL) STRICT;
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    delivered_ms INTEGER,
    added_ms INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    camera TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = ${schemaVersion};
`;

/** How many waiting entries were dropped. */
export interface Dropped {
  /** Because the outbox was full. */
  readonly full: number;
  /** Because they were too old. */
  readonly expired: number;
}

/**
 * The outbox's SQLite file, synchronous; throws SQLite's errors. With WAL and synchronous=FULL, a committed transaction
 * survives a crash and a power cut. The smallest pages, few of them per transaction and rare checkpoints keep what is
 * written small: see `npm run bench:writes`.
 */
export class OutboxDatabase {
  /** Identifies this file. */
  readonly id: string;
  /** The next entry's number: higher than any that was ever in the file. */
  readonly nextSeq: number;
  /** The latest time in the file. */
  readonly clockMs: number;
  #entries = 0;
  #bytes = 0;
  #waiting = 0;
  /** Commits that were not yet among the entries when the file was closed: the first `write` must have them. */
  readonly left: JournalRecord;
  readonly #journal: OutboxJournal;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #deliver: StatementSync;
  readonly #waits: StatementSync;
  readonly #oldestWaiting: StatementSync;
  readonly #since: StatementSync;

  /** Opens or creates the file. @throws DamagedError if it is not a valid outbox */
  constructor(path: string) {
    const database = new DatabaseSync(path);
    this.#database = database;
    try {
      // Exclusive: only one process may deliver from it; and WAL then needs no shared memory.
      database.exec(`PRAGMA page_size = 512; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 4194304;
        PRAGMA temp_store = MEMORY`);
      this.#initialise();
      this.#check();
      this.id = this.#value('SELECT id FROM identity', String);
      this.#journal = new OutboxJournal(database);
      const added = this.#journal.left.flatMap((record) => record.added);
      this.left = { added, delivered: this.#journal.left.flatMap((record) => record.delivered) };
      const nextSeq = this.#value(
        'SELECT max(last_removed, coalesce((SELECT max(seq) FROM entry), 0)) + 1 FROM identity',
        Number,
      );
      this.nextSeq = Math.max(nextSeq, (added.at(-1)?.seq ?? 0) + 1);
      const clockMs = this.#value(
        'SELECT coalesce(max(max(added_ms), max(delivered_ms)), max(added_ms), 0) FROM entry',
        Number,
      );
      this.clockMs = Math.max(clockMs, added.at(-1)?.addedMs ?? 0);
      this.#insert = database.prepare(
        'INSERT INTO entry (seq, id, camera, body, size_bytes, added_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (seq) DO NOTHING',
      );
      this.#deliver = database.prepare(
        'UPDATE entry SET delivered_ms = ? WHERE seq = ? AND delivered_ms IS NULL',
      );
      this.#waits = database.prepare('SELECT 1 FROM entry WHERE seq = ? AND delivered_ms IS NULL');
      this.#oldestWaiting = database.prepare(
        'SELECT seq, id, camera, body FROM entry WHERE delivered_ms IS NULL AND seq > ? ORDER BY seq LIMIT ?',
      );
      this.#since = database.prepare(
        'SELECT seq, id, camera, body FROM entry WHERE seq > ? ORDER BY seq LIMIT ?',
      );
      this.#count();
    } catch (error) {
      database.close();
      throw error;
    }
  }

  get entries(): number {
    return this.#entries;
  }

  /** Of all bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Rows that were changed since the file was opened. */
  get changes(): number {
    return this.#value('SELECT total_changes()', Number);
  }

  /**
   * Keeps new entries and deliveries until the next `write`, which must have them too; durable on return.
   * @returns false if there is no room for them
   */
  append(record: JournalRecord): boolean {
    return this.#journal.append(record);
  }

  /**
   * Writes new entries, marks delivered ones and enforces the bounds, all or nothing; durable on return.
   * @param sweep also remove expired entries
   */
  write(
    added: readonly TimedEntry[],
    delivered: Iterable<readonly [seq: number, atMs: number]>,
    bounds: OutboxBounds,
    nowMs: number,
    sweep: boolean,
  ): Dropped {
    const dropped = this.#transaction(() => {
      for (const { seq, id, camera, body, addedMs } of added) {
        const bytes = sizeOf({ body });
        if (this.#insert.run(seq, id, camera, packBody(body), bytes, addedMs).changes === 0) continue;
        this.#entries++;
        this.#waiting++;
        this.#bytes += bytes;
      }
      for (const [seq, atMs] of delivered) this.#waiting -= Number(this.#deliver.run(atMs, seq).changes);
      const full = this.#makeRoom(bounds);
      if (!this.#journal.isEmpty) this.#journal.move();
      return { full, expired: sweep ? this.#sweep(bounds, nowMs) : 0 };
    });
    this.#journal.moved();
    return dropped;
  }

  isWaiting(seq: number): boolean {
    return this.#waits.get(seq) !== undefined;
  }

  oldestWaiting(after: number, limit: number): OutboxEntry[] {
    return entriesOf(this.#oldestWaiting.all(after, limit));
  }

  since(after: number, limit: number): OutboxEntry[] {
    return entriesOf(this.#since.all(after, limit));
  }

  /** Writes a copy, under the same identity, to a file that must not exist or be empty. */
  copyTo(path: string): void {
    this.#database.prepare('VACUUM INTO ?').run(path);
  }

  /** The newest entry of each camera, in order. */
  newest(): OutboxEntry[] {
    const rows = this.#database
      .prepare(
        `SELECT seq, id, camera, body FROM entry
         WHERE seq IN (SELECT max(seq) FROM entry GROUP BY camera) ORDER BY seq`,
      )
      .all();
    return entriesOf(rows);
  }

  /** Makes delivered entries with a number above `after` wait again. Their age counts from now. @returns how many */
  sendAgain(after: number, nowMs: number): number {
    return this.#transaction(() => {
      const lost = this.#database
        .prepare(
          'UPDATE entry SET delivered_ms = NULL, added_ms = ? WHERE seq > ? AND delivered_ms IS NOT NULL',
        )
        .run(nowMs, after);
      this.#count();
      return Number(lost.changes);
    });
  }

  close(): void {
    this.#database.close();
  }

  #initialise(): void {
    const version = this.#value('PRAGMA user_version', Number);
    if (version === schemaVersion) return;
    if (version !== 0)
      throw new DamagedError(`its schema has version ${version}; this Scenecast knows ${schemaVersion}`);
    this.#transaction(() => {
      this.#database.exec(schema);
      OutboxJournal.create(this.#database);
      this.#database.prepare('INSERT INTO identity VALUES (?, 0)').run(ulid());
    });
  }

  #check(): void {
    const found = this.#value('PRAGMA quick_check(1)', String);
    if (found !== 'ok') throw new DamagedError(found);
  }

  /** Removes expired entries. @returns how many of them had never been delivered */
  #sweep({ maxAgeMs, replayMs }: OutboxBounds, nowMs: number): number {
    const undelivered = this.#remove('delivered_ms IS NULL AND added_ms < ?', nowMs - maxAgeMs);
    // The newest entry of each camera stays: after a restart it is the camera's state.
    this.#remove(
      'delivered_ms < ? AND seq NOT IN (SELECT max(seq) FROM entry GROUP BY camera)',
      nowMs - replayMs,
    );
    return undelivered;
  }

  #makeRoom({ maxEntries, maxBytes }: OutboxBounds): number {
    let dropped = 0;
    while (this.#entries > maxEntries || this.#bytes > maxBytes) {
      const step = Math.min(100, Math.max(1, this.#entries - maxEntries));
      // Delivered entries go first: they are kept only for a broker that loses them.
      const state = this.#entries > this.#waiting ? 'IS NOT NULL' : 'IS NULL';
      dropped += this.#remove(
        `seq IN (SELECT seq FROM entry WHERE delivered_ms ${state} ORDER BY seq LIMIT ?)`,
        step,
      );
    }
    return dropped;
  }

  /** @returns how many of the removed entries were waiting */
  #remove(where: string, parameter: number): number {
    const removed = this.#database
      .prepare(
        `DELETE FROM entry WHERE ${where} RETURNING seq, size_bytes AS bytes, delivered_ms IS NULL AS waits`,
      )
      .all(parameter);
    let waited = 0;
    let last = 0;
    for (const { seq, bytes, waits } of removed) {
      this.#entries--;
      this.#bytes -= Number(bytes);
      waited += Number(waits);
      last = Math.max(last, Number(seq));
    }
    this.#waiting -= waited;
    // A later start must not give its number again. While newer entries remain, they prevent that.
    const isNewest = last > 0 && this.#value('SELECT coalesce(max(seq), 0) FROM entry', Number) < last;
    if (isNewest) this.#database.prepare('UPDATE identity SET last_removed = max(last_removed, ?)').run(last);
    return waited;
  }

  #transaction<T>(work: () => T): T {
    const counts = [this.#entries, this.#bytes, this.#waiting] as const;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      [this.#entries, this.#bytes, this.#waiting] = counts;
      // SQLite rolls back by itself after some errors, such as a full disk.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #count(): void {
    this.#entries = this.#value('SELECT count(*) FROM entry', Number);
    this.#bytes = this.#value('SELECT coalesce(sum(size_bytes), 0) FROM entry', Number);
    this.#waiting = this.#value('SELECT count(*) FROM entry WHERE delivered_ms IS NULL', Number);
  }

  #value<T>(sql: string, convert: (value: unknown) => T): T {
    return convert(Object.values(this.#database.prepare(sql).get() ?? {})[0]);
  }
}

function entriesOf(rows: unknown[]): OutboxEntry[] {
  const packed = rows as (Omit<OutboxEntry, 'body'> & { readonly body: Uint8Array })[];
  return packed.map(({ seq, id, camera, body }) => ({ seq, id, camera, body: unpackBody(body) }));
}

/** The bytes that count against `maxBytes`: those of the body. */
export function sizeOf({ body }: Pick<NewEntry, 'body'>): number {
  return Buffer.byteLength(body);
}
