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

/** Which observations to find: those that fit all that is given. */
export interface HistoryFilter {
  readonly camera?: string | undefined;
  /** Those that answer this question. */
  readonly question?: string | undefined;
  /** Those with this answer to `question`. */
  readonly answer?: Answer | undefined;
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
  readonly hasThumbnail: boolean;
}

export interface HistoryPage {
  readonly items: readonly HistoryItem[];
  /** The cursor of the next page; null: this was the last one. */
  readonly next: number | null;
}

export interface HistoryPageRequest {
  /** `next` of the page before; null: the first page. */
  readonly cursor: number | null;
  readonly limit: number;
  readonly order: HistoryOrder;
}

/** Consecutive equal answers of a camera to a question, at most a quarter of an hour apart. */
export interface AnswerRun {
  readonly value: Answer | null;
  /** When the first and the last of them were captured, in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly count: number;
  /** The numbers of the first and the last of them. */
  readonly first: number;
  readonly last: number;
}

export interface TimelineRequest {
  readonly camera: string;
  readonly question: string;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly cursor: number | null;
  /** Maximum number of runs. */
  readonly limit: number;
}

/** Runs of answers, newest first. */
export interface TimelinePage {
  readonly runs: readonly AnswerRun[];
  readonly next: number | null;
}

/** An observation with those of the same camera before and after it. */
export interface HistoryNeighbours {
  readonly item: HistoryItem;
  readonly before: HistoryItem | null;
  readonly after: HistoryItem | null;
}
