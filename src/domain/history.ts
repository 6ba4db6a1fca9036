import type { Answer } from './observation.ts';

/** An observation as it was published on the stream. What the history itself reads is named; all else is kept as it was. */
export interface PastObservation {
  readonly id: string;
  readonly camera: string;
  /** UTC, ISO 8601. */
  readonly captured_at: string;
  /** null: only questions were answered. */
  readonly description: string | null;
  readonly answers: Readonly<Record<string, Answer | null>>;
  readonly [field: string]: unknown;
}

/** Which observations to find: those that meet all conditions. */
export interface HistoryFilter {
  readonly camera?: string | undefined;
  /** Those that answer this question. */
  readonly question?: string | undefined;
  /** Those with this answer to `question`; null: whose answer is uncertain. */
  readonly answer?: Answer | null | undefined;
  /** Words of description and answers, all of which must be there; `parc*` finds words that begin so. */
  readonly text?: string | undefined;
  /** Captured at this time or later, in milliseconds since 1970. */
  readonly sinceMs?: number | undefined;
  /** Captured before this time. */
  readonly untilMs?: number | undefined;
}

/** By number, which is the order in which they were described. */
export type HistoryOrder = 'newest' | 'oldest';

export interface HistoryItem {
  /** Grows with each observation that is kept; never used twice. */
  readonly number: number;
  readonly observation: PastObservation;
  /** The questions whose answers are uncertain: filters and timelines have null for them. */
  readonly uncertain: readonly string[];
  readonly hasThumbnail: boolean;
  /** The observation of the same camera before it; null: there is none. Only if the request asks for it. */
  readonly previous?: PastObservation | null;
}

export interface HistoryPage {
  /** In the order of the request. */
  readonly items: readonly HistoryItem[];
  /** The cursor of the next page; null: this was the last one. */
  readonly next: number | null;
}

export interface HistoryPageRequest {
  /**
   * The page begins behind this number: `next` of the page before, or the number of any item, from which both orders lead
   * away. null: it begins with the very newest or oldest.
   */
  readonly cursor: number | null;
  /** Maximum number of items. A page that gets too large, or takes too long, ends earlier, and has a `next`. */
  readonly limit: number;
  readonly order: HistoryOrder;
  /** Whether items have `previous`. Default: false. */
  readonly withPrevious?: boolean | undefined;
}

/** What a camera's question was answered over a period of time. */
export interface TimelineRequest {
  readonly camera: string;
  readonly question: string;
  /** In milliseconds since 1970. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Maximum number of bands, from 3 to 4000. */
  readonly maxBands: number;
  /**
   * An answer holds until the next one, unless that comes later than this: then it was not looked in between. At least
   * a quarter of an hour, which is the default, and at most a week. Longer than the camera's `gate.max_interval`.
   */
  readonly maxGapMs?: number | undefined;
}

/** A period in which a question had the same answer. */
export interface AnswerBand {
  /** null: it is uncertain, or `isMixed`. A text of more than 200 characters is cut. */
  readonly value: Answer | null;
  /** Several answers, each for too short a time to be drawn. */
  readonly isMixed: boolean;
  /** The first time that it was seen. */
  readonly sinceMs: number;
  /** When another answer was seen; before a gap, the last time that it was seen, which may be the first. */
  readonly untilMs: number;
}

/** How long a question had one answer. */
export interface AnswerTotal {
  readonly value: Answer | null;
  readonly totalMs: number;
  /** The number of stretches, each as long as the answer did not change and no gap came. */
  readonly stretches: number;
  /** The ten longest of them, longest first. */
  readonly longest: readonly { readonly sinceMs: number; readonly untilMs: number }[];
}

export interface Timeline {
  /** Everything from here to the end of the request is there: later than its `sinceMs` if reading took too long. */
  readonly sinceMs: number;
  /** Oldest first, without overlaps; between bands that do not touch, it was not looked. */
  readonly bands: readonly AnswerBand[];
  /** Of the twelve answers that held longest, in this order. */
  readonly totals: readonly AnswerTotal[];
}

/** An observation with those of the same camera before and after it. */
export interface HistoryNeighbours {
  readonly item: HistoryItem;
  readonly before: HistoryItem | null;
  readonly after: HistoryItem | null;
}
