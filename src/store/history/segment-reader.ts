import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { HistoryFilter, HistoryItem, HistoryOrder } from '../../domain/history.ts';
import { DamagedError } from '../database-fault.ts';
import { type AnswerRun, type NumberedObservation, seriesOf, unpackRuns } from './answer-runs.ts';
import { type PackedObservation, unpackBlock, unpackObservation } from './block.ts';
import { matchOf } from './search-words.ts';
import { segmentVersion } from './segment-file.ts';

/** A read takes a millisecond; this is for the moment in which the writer creates or seals the file. */
const lockedMs = 1000;

/** Names of a camera and one of its questions. */
interface AnswersOf {
  readonly camera: string;
  readonly question: string;
}

/** Numbers, the ends included. */
interface NumberRange {
  readonly low: number;
  readonly high: number;
}

/** An observation that was looked at; null: it is not of the time that is searched. */
export interface Candidate {
  readonly number: number;
  readonly item: HistoryItem | null;
  /** Of the observation as JSON. */
  readonly letters: number;
}

/** One file of the history, for reading beside its writer; synchronous; throws SQLite's errors. */
export class SegmentReader {
  readonly #database: DatabaseSync;
  readonly #blockOf: StatementSync;
  readonly #ends: StatementSync;
  readonly #endsWithin: StatementSync;
  readonly #numbers: Readonly<Record<HistoryOrder, StatementSync>>;
  readonly #runs: StatementSync;
  readonly #thumbnail: StatementSync;
  /** The block that was read last: neighbours are often asked for next. */
  #block: readonly PackedObservation[] = [];
  #blockFirst = 0;

  /** @throws DamagedError if the file is not a segment, or not one yet */
  constructor(path: string) {
    const database = new DatabaseSync(path, { readOnly: true, timeout: lockedMs });
    this.#database = database;
    try {
      const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
      if (version !== segmentVersion) throw new DamagedError(`its schema has version ${version}`);
      this.#blockOf = database.prepare(
        'SELECT first, last, observations FROM block WHERE first <= ? ORDER BY first DESC LIMIT 1',
      );
      this.#ends = database.prepare(
        `SELECT (SELECT min(first) FROM block) AS low, last AS high
         FROM block ORDER BY first DESC LIMIT 1`,
      );
      this.#endsWithin = database.prepare(
        `SELECT min(first) AS low, max(last) AS high
         FROM block WHERE until_ms >= ? AND from_ms < ?`,
      );
      const matching = 'SELECT rowid AS number FROM word WHERE word MATCH ? AND rowid >= ? AND rowid <= ?';
      this.#numbers = {
        newest: database.prepare(`${matching} ORDER BY rowid DESC`),
        oldest: database.prepare(`${matching} ORDER BY rowid`),
      };
      this.#runs = database.prepare(
        `SELECT json_extract(runs, $path) AS runs, from_ms, first FROM unfolded
         WHERE until_ms >= $since AND from_ms < $until
         UNION ALL SELECT runs, from_ms, first FROM folded
         WHERE series = $series AND until_ms >= $since AND from_ms < $until
         ORDER BY first DESC`,
      );
      this.#runs.setReturnArrays(true);
      this.#thumbnail = database.prepare('SELECT jpeg FROM thumbnail WHERE number = ?');
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The observations that match, beyond `cursor`, one after the other, and those of other times in between. */
  *find(filter: HistoryFilter, cursor: number | null, order: HistoryOrder): Iterable<Candidate> {
    const range = this.#rangeOf(filter);
    if (!range) return;
    const isNewest = order === 'newest';
    const low = isNewest ? range.low : Math.max(range.low, (cursor ?? 0) + 1);
    const high = isNewest ? Math.min(range.high, (cursor ?? Infinity) - 1) : range.high;
    const { sinceMs = -Infinity, untilMs = Infinity } = filter;
    for (const number of this.#candidates(matchOf(filter), { low, high }, order)) {
      const found = this.#at(number);
      // The range is of whole blocks.
      const isWithin = found !== null && found.atMs >= sinceMs && found.atMs < untilMs;
      yield { number, item: isWithin ? this.#itemOf(found) : null, letters: this.#letters(number) };
    }
  }

  /** The observation with this number; null: there is none. */
  get(number: number): HistoryItem | null {
    const found = this.#at(number);
    return found && this.#itemOf(found);
  }

  /** The runs of a camera's answers in the blocks that have something from `sinceMs` to `untilMs`, newest first. */
  *runs({ camera, question }: AnswersOf, sinceMs: number, untilMs: number): Iterable<readonly AnswerRun[]> {
    const series = seriesOf(camera, question);
    const path = `$."${camera}"."${question}"`;
    const asked = { $path: path, $series: series, $since: sinceMs, $until: untilMs };
    const rows: Iterable<unknown> = this.#runs.iterate(asked);
    for (const [runs, fromMs] of rows as Iterable<readonly unknown[]>)
      yield typeof runs === 'string' ? unpackRuns(runs, Number(fromMs)).reverse() : [];
  }

  /** A JPEG file; null: there is none. */
  thumbnail(number: number): Uint8Array | null {
    return (this.#thumbnail.get(number)?.['jpeg'] as Uint8Array | undefined) ?? null;
  }

  close(): void {
    this.#database.close();
  }

  *#candidates(match: string | null, { low, high }: NumberRange, order: HistoryOrder): Iterable<number> {
    if (match !== null) {
      // FTS5 seeks to row ids that are integers, and a number would be bound as a float.
      const rows = this.#numbers[order].iterate(match, BigInt(low), BigInt(high));
      for (const { number } of rows) yield Number(number);
    } else if (order === 'newest') for (let number = high; number >= low; number--) yield number;
    else for (let number = low; number <= high; number++) yield number;
  }

  /** The numbers of all blocks that have something from these times; null: none has. */
  #rangeOf({ sinceMs, untilMs }: HistoryFilter): NumberRange | null {
    const isUnlimited = sinceMs === undefined && untilMs === undefined;
    const row = isUnlimited
      ? this.#ends.get()
      : this.#endsWithin.get(sinceMs ?? -Infinity, untilMs ?? Infinity);
    const [low, high] = [row?.['low'] ?? null, row?.['high'] ?? null];
    return low === null || high === null ? null : { low: Number(low), high: Number(high) };
  }

  #at(number: number): NumberedObservation | null {
    if (this.#block[number - this.#blockFirst] === undefined) {
      const row = this.#blockOf.get(number);
      if (!row || Number(row['last']) < number) return null;
      this.#block = unpackBlock(row['observations'] as Uint8Array);
      this.#blockFirst = Number(row['first']);
    }
    const packed = this.#block[number - this.#blockFirst];
    return packed === undefined ? null : unpackObservation(packed, number);
  }

  /** Of an observation that was read last. */
  #letters(number: number): number {
    return this.#block[number - this.#blockFirst]?.length ?? 0;
  }

  #itemOf({ number, observation, uncertain }: NumberedObservation): HistoryItem {
    const hasThumbnail = this.#thumbnail.get(number) !== undefined;
    return { number, observation, uncertain, hasThumbnail };
  }
}
