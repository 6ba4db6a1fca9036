import { messageOf } from '../../domain/errors.ts';
import type {
  HistoryFilter,
  HistoryItem,
  HistoryNeighbours,
  HistoryPage,
  HistoryPageRequest,
  PastObservation,
  Timeline,
  TimelineRequest,
} from '../../domain/history.ts';
import { DamagedError, isDamage } from '../database-fault.ts';
import { fileAt } from '../outbox-place.ts';
import type { AnswerRun } from './answer-runs.ts';
import { gapOf, TimelineDrawing } from './draw-timeline.ts';
import { type Segment, segmentsIn } from './history-folder.ts';
import { hasWords } from './search-words.ts';
import { type Candidate, SegmentReader } from './segment-reader.ts';

/** Times in file names are those of the first observation; a slow description may be of an earlier picture. */
const toleranceMs = 3_600_000;
/** Of the observations of a page as JSON, before the last one. */
const maxPageLetters = 1 << 20;
/** How often a read looks at the time: small ones are never cut short. */
const stepsPerLook = 64;
/** Names that are one key of a JSON path. */
const plainName = /^[^"\\]+$/;

/** A file of the history that cannot be read, or not any further. */
export interface HistoryDamage {
  readonly path: string;
  readonly reason: string;
}

/**
 * Reads the history beside its writer, by connections of its own that can only read, so neither waits for the other.
 * Synchronous. A file that is deleted meanwhile counts as empty, and so does one that is not a segment, and the rest of one
 * that is found to be damaged.
 */
export class HistoryReader {
  readonly #folder: string;
  readonly #maxReadMs: number;
  readonly #onDamage: (damage: HistoryDamage) => void;
  /** By path. */
  readonly #open = new Map<string, SegmentReader>();
  /** Paths that are not read any more. */
  readonly #damaged = new Set<string>();

  /**
   * @param maxReadMs when a page or timeline that is not complete ends
   * @param onDamage called once for each file that is found to be damaged
   */
  constructor(folder: string, maxReadMs = 250, onDamage: (damage: HistoryDamage) => void = () => {}) {
    this.#folder = folder;
    this.#maxReadMs = maxReadMs;
    this.#onDamage = onDamage;
  }

  /** The observations that fit a filter. */
  page(filter: HistoryFilter, request: HistoryPageRequest): HistoryPage {
    const { items, next } = this.#find(filter, request);
    if (!request.withPrevious) return { items, next };
    // Once all have been found: a search and another one beside it would share their statement.
    return { items: items.map((item) => ({ ...item, previous: this.#previous(item) })), next };
  }

  /** When a question of a camera had which answer. */
  timeline(request: TimelineRequest): Timeline {
    const { camera, question, sinceMs, untilMs } = request;
    const drawing = new TimelineDrawing(request);
    const isNamed = plainName.test(camera) && plainName.test(question);
    if (!isNamed || !(sinceMs < untilMs)) return { sinceMs, ...drawing.end() };
    const isLate = this.#lateness();
    // An answer from before that holds into the period, and the one that ends the last of it.
    const around = { sinceMs: sinceMs - gapOf(request), untilMs: untilMs + gapOf(request) };
    const runsOf = (reader: SegmentReader): Iterable<readonly AnswerRun[]> =>
      reader.runs(request, around.sinceMs, around.untilMs);
    for (const runs of this.#read(around, true, null, runsOf))
      for (const run of runs) {
        if (!drawing.add(run)) return { sinceMs, ...drawing.end() };
        if (isLate()) return { sinceMs: drawing.drawnSinceMs, ...drawing.end() };
      }
    return { sinceMs, ...drawing.end() };
  }

  /** An observation and those of its camera before and after it; null: it is not in the history. */
  neighbours(number: number): HistoryNeighbours | null {
    const item = this.#readOne(number, (reader) => reader.get(number));
    if (!item) return null;
    const filter = { camera: item.observation.camera };
    const next = (order: 'newest' | 'oldest'): HistoryItem | null =>
      this.page(filter, { cursor: number, limit: 1, order }).items[0] ?? null;
    return { item, before: next('newest'), after: next('oldest') };
  }

  /** The thumbnail of an observation, a JPEG file; null: there is none. */
  thumbnail(number: number): Uint8Array | null {
    return this.#readOne(number, (reader) => reader.thumbnail(number));
  }

  close(): void {
    for (const reader of this.#open.values()) reader.close();
    this.#open.clear();
  }

  #find(filter: HistoryFilter, { cursor, limit, order }: HistoryPageRequest): HistoryPage {
    const items: HistoryItem[] = [];
    if (filter.text !== undefined && !hasWords(filter.text)) return { items, next: null };
    const isLate = this.#lateness();
    let letters = 0;
    const findIn = (reader: SegmentReader): Iterable<Candidate> => reader.find(filter, cursor, order);
    for (const found of this.#read(filter, order === 'newest', cursor, findIn)) {
      if (items.length === limit || letters > maxPageLetters) return { items, next: items.at(-1)!.number };
      if (found.item) {
        items.push(found.item);
        letters += found.letters;
      }
      if (isLate()) return { items, next: found.number };
    }
    return { items, next: null };
  }

  #previous({ number, observation: { camera } }: HistoryItem): PastObservation | null {
    const request = { cursor: number, limit: 1, order: 'newest' } as const;
    return this.#find({ camera }, request).items[0]?.observation ?? null;
  }

  /** To be asked after each step of what begins now: whether it has taken too long. */
  #lateness(): () => boolean {
    const endMs = performance.now() + this.#maxReadMs;
    let steps = 0;
    return () => ++steps % stepsPerLook === 0 && performance.now() > endMs;
  }

  /** What `read` finds in the segments that may have something from these times beyond `cursor`, in order. */
  *#read<Found>(
    filter: HistoryFilter,
    isNewestFirst: boolean,
    cursor: number | null,
    read: (reader: SegmentReader) => Iterable<Found>,
  ): Iterable<Found> {
    for (const segment of this.#segmentsFor(filter, isNewestFirst, cursor)) {
      const reader = this.#reader(segment);
      if (!reader) continue;
      try {
        yield* read(reader);
      } catch (error) {
        this.#skipIfDamaged(segment, error);
      }
    }
  }

  /** Reads something of one observation; null: there is nothing. */
  #readOne<Found>(number: number, read: (reader: SegmentReader) => Found | null): Found | null {
    const segment = this.#segments().findLast(({ first }) => first <= number);
    const reader = segment ? this.#reader(segment) : null;
    if (!segment || !reader) return null;
    try {
      return read(reader);
    } catch (error) {
      this.#skipIfDamaged(segment, error);
      return null;
    }
  }

  #skipIfDamaged({ path }: Segment, error: unknown): void {
    if (!isDamage(error)) throw error;
    this.#open.get(path)?.close();
    this.#open.delete(path);
    this.#damaged.add(path);
    this.#onDamage({ path, reason: messageOf(error) });
  }

  #segmentsFor(
    { sinceMs = -Infinity, untilMs = Infinity }: HistoryFilter,
    isNewestFirst: boolean,
    cursor: number | null,
  ): Segment[] {
    const segments = this.#segments();
    const wanted = segments.filter(({ first, startMs }, index) => {
      const next = segments[index + 1];
      const isBefore = next !== undefined && next.startMs < sinceMs - toleranceMs;
      const isAfter = startMs > untilMs + toleranceMs;
      const nextFirst = next?.first ?? Infinity;
      const isPast = isNewestFirst ? first >= (cursor ?? Infinity) : nextFirst <= (cursor ?? 0);
      return !isBefore && !isAfter && !isPast;
    });
    return isNewestFirst ? wanted.reverse() : wanted;
  }

  /** Those that exist now; what has been deleted is closed, which gives its space back. */
  #segments(): Segment[] {
    const segments = segmentsIn(this.#folder);
    const paths = new Set(segments.map(({ path }) => path));
    for (const [path, reader] of this.#open) {
      if (paths.has(path)) continue;
      reader.close();
      this.#open.delete(path);
    }
    return segments;
  }

  #reader(segment: Segment): SegmentReader | null {
    const { path } = segment;
    const open = this.#open.get(path);
    if (open || this.#damaged.has(path)) return open ?? null;
    try {
      const reader = new SegmentReader(path);
      this.#open.set(path, reader);
      return reader;
    } catch (error) {
      // Deleted since the folder was listed, not written yet, or for the writer to move aside.
      if (error instanceof DamagedError || fileAt(path) === null) return null;
      this.#skipIfDamaged(segment, error);
      return null;
    }
  }
}
