import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TimedEntry } from './outbox-protocol.ts';
import { packBody, unpackBody } from './packed-body.ts';

/** What one commit adds. */
export interface JournalRecord {
  readonly added: readonly TimedEntry[];
  readonly delivered: readonly (readonly [seq: number, atMs: number])[];
}

/** Commits between two transactions that move them into the table of entries. */
const slots = 64;
/** With its header this fills a page of 512 bytes, so that each slot has a page of its own. */
const slotBytes = 440;
/** Larger records cost as many pages here as in the table of entries. */
const maxRecordBytes = 2000;

/**
 * The latest commits, in rows that are overwritten in turn, so that a commit writes one page. An insert into the table of
 * entries writes five: a leaf, its parent and the lists of free pages. Many inserts at once share them.
 */
export class OutboxJournal {
  readonly #update: StatementSync;
  readonly #move: StatementSync;
  /** Of the last commit. */
  #number: number;
  /** Commits up to this one have been moved. */
  #moved: number;
  /** The commits that a crash left here, oldest first. */
  readonly left: readonly JournalRecord[];

  static create(database: DatabaseSync): void {
    database.exec(`CREATE TABLE moved (number INTEGER NOT NULL) STRICT;
      INSERT INTO moved VALUES (0);
      CREATE TABLE journal (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, record BLOB NOT NULL) STRICT;`);
    const insert = database.prepare('INSERT INTO journal VALUES (?, 0, zeroblob(?))');
    for (let slot = 0; slot < slots; slot++) insert.run(slot, slotBytes);
  }

  constructor(database: DatabaseSync) {
    this.#update = database.prepare('UPDATE journal SET number = ?, record = ? WHERE slot = ?');
    this.#move = database.prepare('UPDATE moved SET number = ?');
    this.#moved = Number(database.prepare('SELECT number FROM moved').get()?.['number']);
    const rows = database
      .prepare('SELECT number, record FROM journal WHERE number > ? ORDER BY number')
      .all(this.#moved);
    this.#number = Number(rows.at(-1)?.['number'] ?? this.#moved);
    this.left = rows.flatMap(({ record }) => recordOf(record as Uint8Array));
  }

  get isEmpty(): boolean {
    return this.#number === this.#moved;
  }

  /** Commits a record, durably. @returns false if there is no room for it */
  append(record: JournalRecord): boolean {
    const packed = pack(record);
    if (this.#number - this.#moved >= slots || packed.length > maxRecordBytes) return false;
    this.#update.run(this.#number + 1, padded(packed), (this.#number + 1) % slots);
    this.#number++;
    return true;
  }

  /** Declares all commits moved; part of the transaction that moves them. */
  move(): void {
    this.#move.run(this.#number);
  }

  /** That transaction has been committed. */
  moved(): void {
    this.#moved = this.#number;
  }
}

function pack({ added, delivered }: JournalRecord): Uint8Array {
  const heads = added.map(({ body, ...head }) => ({ ...head, length: body.length }));
  return packBody(
    `${JSON.stringify({ delivered, added: heads })}\n${added.map(({ body }) => body).join('')}`,
  );
}

/** With its length in front. Rows of the same size are overwritten in place, so it fills whole pages. */
function padded(packed: Uint8Array): Uint8Array {
  const pages = Math.max(0, Math.ceil((packed.length + 2 - slotBytes) / 508));
  const row = Buffer.alloc(slotBytes + pages * 508);
  row.writeUInt16LE(packed.length);
  row.set(packed, 2);
  return row;
}

/** Empty if its bytes are damaged. */
function recordOf(row: Uint8Array): JournalRecord[] {
  const size = Buffer.from(row).readUInt16LE();
  const text = unpackBody(row.subarray(2, 2 + size));
  if (text === '') return [];
  const end = text.indexOf('\n');
  const { delivered, added } = JSON.parse(text.slice(0, end));
  let at = end + 1;
  return [
    {
      delivered,
      added: added.map(({ length, ...head }: Omit<TimedEntry, 'body'> & { length: number }) => {
        at += length;
        return { ...head, body: text.slice(at - length, at) };
      }),
    },
  ];
}
