import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ulid } from 'ulid';
import { DamagedError } from './database-fault.ts';
import type { NewEntry, OutboxBounds, OutboxEntry } from './outbox-protocol.ts';

const schemaVersion = 1;
const schema = `
  CREATE TABLE identity (id TEXT NOT NULL) STRICT;
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    camera TEXT NOT NULL,
    body TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    added_ms INTEGER NOT NULL,
    delivered_ms INTEGER
  ) STRICT;
  CREATE INDEX waiting ON entry (seq) WHERE delivered_ms IS NULL;
  CREATE INDEX delivered ON entry (seq) WHERE delivered_ms IS NOT NULL;
  CREATE INDEX newest ON entry (camera, seq);
  PRAGMA user_version = ${schemaVersion};
`;

/** An entry with its number, and when it was added (the outbox's own clock). */
export interface TimedEntry extends OutboxEntry {
  readonly addedMs: number;
}

/**
 * The outbox's SQLite file, synchronous; throws SQLite's errors. With WAL and synchronous=FULL, a committed transaction
 * survives a crash and a power cut.
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
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #deliver: StatementSync;
  readonly #oldestWaiting: StatementSync;

  /** Opens or creates the file. @throws DamagedError if it is not a valid outbox */
  constructor(path: string) {
    const database = new DatabaseSync(path);
    this.#database = database;
    try {
      // Exclusive: only one process may deliver from it; and WAL then needs no shared memory.
      database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA journal_size_limit = 4194304; PRAGMA temp_store = MEMORY`);
      this.#initialise();
      this.#check();
      this.id = this.#value('SELECT id FROM identity', String);
      this.nextSeq = this.#value(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entry'), 0) + 1",
        Number,
      );
      this.clockMs = this.#value(
        'SELECT coalesce(max(max(added_ms), max(delivered_ms)), max(added_ms), 0) FROM entry',
        Number,
      );
      this.#insert = database.prepare(
        'INSERT INTO entry (seq, id, camera, body, size_bytes, added_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
      );
      this.#deliver = database.prepare(
        'UPDATE entry SET delivered_ms = ? WHERE seq = ? AND delivered_ms IS NULL',
      );
      this.#oldestWaiting = database.prepare(
        'SELECT seq, id, camera, body FROM entry WHERE delivered_ms IS NULL AND seq > ? ORDER BY seq LIMIT ?',
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

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Writes new entries, marks delivered ones and enforces the bounds, all or nothing; durable on return.
   * @returns the number of waiting entries that were dropped
   */
  write(
    added: readonly TimedEntry[],
    delivered: readonly number[],
    bounds: OutboxBounds,
    nowMs: number,
  ): number {
    return this.#transaction(() => {
      for (const { seq, id, camera, body, addedMs } of added) {
        const bytes = sizeOf({ body });
        if (this.#insert.run(seq, id, camera, body, bytes, addedMs).changes === 0) continue;
        this.#entries++;
        this.#waiting++;
        this.#bytes += bytes;
      }
      for (const seq of delivered) this.#waiting -= Number(this.#deliver.run(nowMs, seq).changes);
      return this.#makeRoom(bounds);
    });
  }

  /** Removes expired entries. @returns how many of them had never been delivered */
  sweep({ maxAgeMs, replayMs }: OutboxBounds, nowMs: number): number {
    return this.#transaction(() => {
      const undelivered = this.#remove('delivered_ms IS NULL AND added_ms < ?', nowMs - maxAgeMs);
      // The newest entry of each camera stays: its retained topic must show it.
      this.#remove(
        'delivered_ms < ? AND seq NOT IN (SELECT max(seq) FROM entry GROUP BY camera)',
        nowMs - replayMs,
      );
      return undelivered;
    });
  }

  oldestWaiting(after: number, limit: number): OutboxEntry[] {
    return this.#oldestWaiting.all(after, limit) as unknown as OutboxEntry[];
  }

  /**
   * Makes delivered entries with a number above `after` wait again, and the newest entry of each of these cameras, to
   * republish retained state. Their age counts from now. @returns how many were above `after`
   */
  sendAgain(after: number, cameras: Iterable<string>, nowMs: number): number {
    return this.#transaction(() => {
      const lost = this.#database
        .prepare(
          'UPDATE entry SET delivered_ms = NULL, added_ms = ? WHERE seq > ? AND delivered_ms IS NOT NULL',
        )
        .run(nowMs, after);
      const newest = this.#database.prepare(
        `UPDATE entry SET delivered_ms = NULL, added_ms = ?
         WHERE seq = (SELECT max(seq) FROM entry WHERE camera = ?) AND delivered_ms IS NOT NULL`,
      );
      for (const camera of cameras) newest.run(nowMs, camera);
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
      this.#database.prepare('INSERT INTO identity VALUES (?)').run(ulid());
    });
  }

  #check(): void {
    const found = this.#value('PRAGMA quick_check(1)', String);
    if (found !== 'ok') throw new DamagedError(found);
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
        `DELETE FROM entry WHERE ${where} RETURNING size_bytes AS bytes, delivered_ms IS NULL AS waits`,
      )
      .all(parameter);
    let waited = 0;
    for (const { bytes, waits } of removed) {
      this.#entries--;
      this.#bytes -= Number(bytes);
      waited += Number(waits);
    }
    this.#waiting -= waited;
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

/** The bytes that count against `maxBytes`: those of the body. */
export function sizeOf({ body }: Pick<NewEntry, 'body'>): number {
  return Buffer.byteLength(body);
}
