import type {
  AnswerRun,
  HistoryFilter,
  HistoryItem,
  HistoryNeighbours,
  HistoryPage,
  HistoryPageRequest,
  TimelinePage,
  TimelineRequest,
} from '../../domain/history.ts';
import { isDamage } from '../database-fault.ts';
import { fileAt } from '../outbox-place.ts';
import { joinRuns } from './answer-runs.ts';
import { type Segment, segmentsIn } from './history-folder.ts';
import { hasWords } from './search-words.ts';
import { SegmentReader } from './segment-reader.ts';

/** Times in file names are those of the first observation; a slow description may be of an earlier picture. */
const toleranceMs = 3_600_000;
/** Names that are one key of a JSON path. */
const plainName = /^[^"\\]+$/;

/**
 * Reads the history beside its writer, by connections of its own that can only read, so neither waits for the other.
 * Synchronous. A file that is deleted meanwhile counts as empty, and so does one that is not a segment.
 */
export class HistoryReader {
  readonly #folder: string;
  /** By path. */
  readonly #open = new Map<string, SegmentReader>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The observations that fit a filter, as many as asked for. */
  page(filter: HistoryFilter, { cursor, limit, order }: HistoryPageRequest): HistoryPage {
    const items: HistoryItem[] = [];
    if (filter.text !== undefined && !hasWords(filter.text)) return { items, next: null };
    for (const reader of this.#readers(filter, order === 'newest', cursor))
      for (const item of reader.find(filter, cursor, order)) {
        if (items.length === limit) return { items, next: items.at(-1)!.number };
        items.push(item);
      }
    return { items, next: null };
  }

  /** The answers of a camera to a question. */
  timeline(request: TimelineRequest): TimelinePage {
    const { camera, question, cursor, limit, sinceMs = -Infinity, untilMs = Infinity } = request;
    const runs: AnswerRun[] = [];
    if (!plainName.test(camera) || !plainName.test(question)) return { runs, next: null };
    const before = cursor ?? Number.MAX_SAFE_INTEGER;
    for (const reader of this.#readers(request, true, cursor))
      for (const run of reader.runs(request, before, sinceMs, untilMs)) {
        const later = runs.at(-1);
        const joined = later ? joinRuns(run, later) : null;
        if (joined) runs[runs.length - 1] = joined;
        else if (runs.length === limit) return { runs, next: later!.first };
        else runs.push(run);
      }
    return { runs, next: null };
  }

  /** An observation and those of its camera before and after it; null: it is not in the history. */
  neighbours(number: number): HistoryNeighbours | null {
    const item = this.#holding(number)?.get(number);
    if (!item) return null;
    const filter = { camera: item.observation.camera };
    const next = (order: 'newest' | 'oldest'): HistoryItem | null =>
      this.page(filter, { cursor: number, limit: 1, order }).items[0] ?? null;
    return { item, before: next('newest'), after: next('oldest') };
  }

  /** The thumbnail of an observation, a JPEG file; null: there is none. */
  thumbnail(number: number): Uint8Array | null {
    return this.#holding(number)?.thumbnail(number) ?? null;
  }

  close(): void {
    for (const reader of this.#open.values()) reader.close();
    this.#open.clear();
  }

  /** The segments that may have something from these times beyond `cursor`, in order. */
  *#readers(
    { sinceMs = -Infinity, untilMs = Infinity }: HistoryFilter,
    isNewestFirst: boolean,
    cursor: number | null,
  ): Iterable<SegmentReader> {
    const segments = this.#segments();
    const wanted = segments.filter(({ first, startMs }, index) => {
      const next = segments[index + 1];
      const isBefore = next !== undefined && next.startMs < sinceMs - toleranceMs;
      const isAfter = startMs > untilMs + toleranceMs;
      const nextFirst = next?.first ?? Infinity;
      const isPast = isNewestFirst ? first >= (cursor ?? Infinity) : nextFirst <= (cursor ?? 0);
      return !isBefore && !isAfter && !isPast;
    });
    for (const segment of isNewestFirst ? wanted.reverse() : wanted) {
      const reader = this.#reader(segment);
      if (reader) yield reader;
    }
  }

  #holding(number: number): SegmentReader | null {
    const segment = this.#segments().findLast(({ first }) => first <= number);
    return segment ? this.#reader(segment) : null;
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

  #reader({ path }: Segment): SegmentReader | null {
    const open = this.#open.get(path);
    if (open) return open;
    try {
      const reader = new SegmentReader(path);
      this.#open.set(path, reader);
      return reader;
    } catch (error) {
      // Deleted since the folder was listed, not written yet, or for the writer to move aside.
      if (isDamage(error) || fileAt(path) === null) return null;
      throw error;
    }
  }
}
