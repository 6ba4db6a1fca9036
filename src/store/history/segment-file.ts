import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DamagedError } from '../database-fault.ts';
import { foldRuns } from './answer-runs.ts';
import type { Block, OutboxMark } from './block.ts';
import { tokenizer, wordsOf } from './search-words.ts';

/** Of a segment file; one that has another cannot be read. */
export const segmentVersion = 2;

// Bytes wear out a memory card, and a page of which one byte changes is written whole, twice with the write-ahead log. So
// pages are small (and those of the index fit into one), the only index is that of words, and it keeps neither positions (detail) nor lengths (columnsize) nor
// texts (content), which are in the blocks. A timeline reads the runs of all blocks: those of a question are folded into rows
// that follow each other, since otherwise it would read a page for each block.
const schema = `
  CREATE TABLE block (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    outbox TEXT NOT NULL,
    outbox_seq INTEGER NOT NULL,
    observations BLOB NOT NULL
  ) STRICT;
  CREATE TABLE unfolded (
    first INTEGER PRIMARY KEY,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    runs BLOB NOT NULL
  ) STRICT;
  CREATE TABLE folded (
    series TEXT NOT NULL,
    first INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    runs TEXT NOT NULL,
    PRIMARY KEY (series, first)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE thumbnail (number INTEGER PRIMARY KEY, jpeg BLOB NOT NULL) STRICT;
  CREATE VIRTUAL TABLE word USING fts5(text, content='', detail=none, columnsize=0, tokenize="${tokenizer}");
  INSERT INTO word (word, rank) VALUES ('pgsz', 950);
  INSERT INTO word (word, rank) VALUES ('automerge', 0);
  INSERT INTO word (word, rank) VALUES ('usermerge', 16);
  INSERT INTO word (word, rank) VALUES ('crisismerge', 64);
  PRAGMA user_version = ${segmentVersion};
`;

/**
 * Pages of the index that are merged with each block: a little more than a block adds, on each of the levels that a
 * segment gets. FTS5's own merging (automerge) does the same in bursts that take several times as long.
 */
const mergedPages = 16;

/**
 * How long the write-ahead log gets: pages that many blocks change are then written to the file once. To move it is one
 * piece of work, which takes the longer the more pages there are.
 */
const maxLogPages = 384;

/** Blocks whose runs are folded together. */
const foldedBlocks = 16;

/** A picture with the number of its observation. */
export type Thumbnail = readonly [number: number, jpeg: Uint8Array];

/**
 * One file of the history, which its writer fills and then seals; synchronous; throws SQLite's errors. Readers have
 * connections of their own. A power cut may cost the latest blocks, which the outbox still has, but not the file
 * (synchronous=NORMAL): so a block costs no wait for the disk. Only moving the log into the file does.
 */
export class SegmentFile {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #insertBlock: StatementSync;
  readonly #insertRuns: StatementSync;
  readonly #insertFolded: StatementSync;
  readonly #insertWords: StatementSync;
  readonly #mergeWords: StatementSync;
  readonly #insertThumbnail: StatementSync;
  readonly #log: StatementSync;
  #last: number | null;
  #mark: OutboxMark | null;
  /** Blocks whose runs are not folded yet. */
  #unfolded = 0;
  /** Nothing was written since the log was moved, as far as readers allowed. */
  #isLogMoved = false;

  /** Opens or creates the file. @throws DamagedError if it is not a segment */
  constructor(path: string) {
    this.path = path;
    // Private; SQLite gives its other files the permissions of this one.
    closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path);
    this.#database = database;
    try {
      database.exec(`PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
        PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 4194304; PRAGMA temp_store = MEMORY`);
      this.#initialise();
      const newest = database
        .prepare('SELECT last, outbox, outbox_seq AS seq FROM block ORDER BY first DESC LIMIT 1')
        .get();
      this.#last = newest ? Number(newest['last']) : null;
      this.#mark = newest ? { outbox: String(newest['outbox']), seq: Number(newest['seq']) } : null;
      this.#insertBlock = database.prepare('INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?)');
      this.#insertRuns = database.prepare('INSERT INTO unfolded VALUES (?, ?, ?, jsonb(?))');
      this.#insertFolded = database.prepare('INSERT INTO folded VALUES (?, ?, ?, ?, ?)');
      this.#unfolded = this.#value('SELECT count(*) FROM unfolded');
      this.#insertWords = database.prepare('INSERT INTO word (rowid, text) VALUES (?, ?)');
      this.#mergeWords = database.prepare("INSERT INTO word (word, rank) VALUES ('merge', ?)");
      this.#log = database.prepare('PRAGMA wal_checkpoint(NOOP)');
      this.#insertThumbnail = database.prepare('INSERT OR REPLACE INTO thumbnail VALUES (?, ?)');
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The number of the newest observation; null: there is none. */
  get last(): number | null {
    return this.#last;
  }

  /** Of the newest block; null: there is none. */
  get mark(): OutboxMark | null {
    return this.#mark;
  }

  /** Of the file, once all is moved there from the write-ahead log. */
  get bytes(): number {
    return this.#value('PRAGMA page_count') * this.#value('PRAGMA page_size');
  }

  /** Writes a block with its words and thumbnails of this or earlier blocks, all or nothing. */
  write(block: Block, mark: OutboxMark, thumbnails: readonly Thumbnail[]): void {
    const { observations, fromMs, untilMs, runs, packed } = block;
    const [first, last] = [observations[0]!.number, observations.at(-1)!.number];
    this.#transaction(() => {
      this.#insertBlock.run(first, last, fromMs, untilMs, mark.outbox, mark.seq, packed);
      this.#insertRuns.run(first, fromMs, untilMs, runs);
      // A number is bound as a float, which FTS5 does not take for a row id.
      for (const recorded of observations) this.#insertWords.run(BigInt(recorded.number), wordsOf(recorded));
      this.#mergeWords.run(mergedPages);
      for (const [number, jpeg] of thumbnails) this.#insertThumbnail.run(number, jpeg);
    });
    this.#last = last;
    this.#mark = mark;
    this.#unfolded++;
    this.#isLogMoved = false;
  }

  get isToFold(): boolean {
    return this.#unfolded >= foldedBlocks;
  }

  /** Puts the runs of each question in the blocks since the last time together. */
  fold(): void {
    this.#transaction(() => {
      const rows = this.#database
        .prepare('SELECT first, from_ms, until_ms, json(runs) AS runs FROM unfolded ORDER BY first')
        .all();
      const fromMs = Math.min(...rows.map((row) => Number(row['from_ms'])));
      const untilMs = Math.max(...rows.map((row) => Number(row['until_ms'])));
      const blocks = rows.map((row) => ({ fromMs: Number(row['from_ms']), runs: String(row['runs']) }));
      for (const [series, runs] of foldRuns(blocks, fromMs))
        this.#insertFolded.run(series, rows[0]!['first']!, fromMs, untilMs, runs);
      this.#database.exec('DELETE FROM unfolded');
    });
    this.#unfolded = 0;
    this.#isLogMoved = false;
  }

  /** Whether the write-ahead log is long enough to be moved into the file, which has not been tried yet. */
  get isLogLong(): boolean {
    return !this.#isLogMoved && this.#logPages >= maxLogPages;
  }

  get hasLog(): boolean {
    return !this.#isLogMoved && this.#logPages > 0;
  }

  /** Moves the write-ahead log into the file, as far as readers do not need it any more. Waits for the disk. */
  moveLog(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    this.#isLogMoved = true;
  }

  /** Closes it for good: everything is moved into the one file. */
  seal(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
    } catch {
      // A reader has it open: the empty log stays, and is deleted with the file.
    }
    this.close();
  }

  close(): void {
    this.#database.close();
  }

  /** Of the write-ahead log, without those that are in the file already. */
  get #logPages(): number {
    const { log, checkpointed } = this.#log.get()!;
    return Number(log) - Number(checkpointed);
  }

  #initialise(): void {
    const version = this.#value('PRAGMA user_version');
    if (version === segmentVersion) return;
    if (version !== 0)
      throw new DamagedError(`its schema has version ${version}; this Scenecast knows ${segmentVersion}`);
    this.#transaction(() => this.#database.exec(schema));
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      // SQLite rolls back by itself after some errors, such as a full disk.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #value(sql: string): number {
    return Number(Object.values(this.#database.prepare(sql).get() ?? {})[0]);
  }
}
