import type {
  HistoryQuery,
  MarksQuery,
  TimelineQuery,
  WindowHistory,
  WindowHistoryEntry,
  WindowMarks,
  WindowTimeline,
} from '../contract/window-history.ts';
import type { HistoryItem } from '../domain/history.ts';
import type { PastObservations } from '../pipeline/ports.ts';

const maxMarks = 500;
/** As many as the history draws. */
const maxBands = 4000;

/** One page of past observations, each with the one of its camera before it, as it is sent. */
export async function historyPage(
  history: PastObservations,
  { camera, question, answer, text, since, until, order, cursor, limit }: HistoryQuery,
): Promise<WindowHistory> {
  const filter = {
    camera,
    question,
    answer,
    text: text === undefined ? undefined : beginningsOf(text),
    ...timesOf({ since, until }),
  };
  const request = { cursor: cursor ?? null, limit, order, withPrevious: true };
  const { items, next } = await history.page(filter, request);
  return { entries: items.map(entryOf), next };
}

/** When something was described, newest first. */
export async function historyMarks(
  history: PastObservations,
  { since, until, cursor }: MarksQuery,
): Promise<WindowMarks> {
  const request = { cursor: cursor ?? null, limit: maxMarks, order: 'newest' } as const;
  const { items, next } = await history.page(timesOf({ since, until }), request);
  return {
    marks: items.map(({ number, observation: { id, camera, captured_at } }) => ({
      number,
      id,
      camera,
      at: captured_at,
    })),
    next,
  };
}

/**
 * How a question was answered over time.
 * @param maxGapMs how long after an answer the next one may come; undefined: as long as is usual
 */
export async function answerTimeline(
  history: PastObservations,
  { camera, question, since, until }: TimelineQuery,
  maxGapMs: number | undefined,
): Promise<WindowTimeline> {
  const [sinceMs, untilMs] = [Date.parse(since), Date.parse(until)];
  const request = { camera, question, sinceMs, untilMs, maxBands, maxGapMs };
  const timeline = await history.timeline(request);
  return {
    since: utcOf(timeline.sinceMs),
    bands: timeline.bands.map(({ value, isMixed, ...times }) => ({
      value,
      mixed: isMixed,
      ...stretchOf(times),
    })),
    totals: timeline.totals.map(({ value, totalMs, stretches, longest }) => ({
      value,
      total_ms: totalMs,
      stretches,
      longest: longest.map(stretchOf),
    })),
  };
}

/** Each word of a text as the beginning of one: what is typed is seldom whole. */
function beginningsOf(text: string): string {
  return [...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].map(([word]) => `${word}*`).join(' ');
}

function timesOf({ since, until }: Pick<HistoryQuery, 'since' | 'until'>): {
  sinceMs: number | undefined;
  untilMs: number | undefined;
} {
  return {
    sinceMs: since === undefined ? undefined : Date.parse(since),
    untilMs: until === undefined ? undefined : Date.parse(until),
  };
}

function entryOf({
  number,
  observation,
  uncertain,
  hasThumbnail,
  previous,
}: HistoryItem): WindowHistoryEntry {
  const { id, camera, captured_at, description, answers } = observation;
  const judged = Object.entries(answers).map(([question, value]) => [
    question,
    uncertain.includes(question) ? null : value,
  ]);
  return {
    number,
    id,
    camera,
    captured_at,
    description,
    answers: Object.fromEntries(judged),
    picture: hasThumbnail,
    previous: previous ? { description: previous.description, answers: { ...previous.answers } } : null,
  };
}

function stretchOf({ sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number }): {
  since: string;
  until: string;
} {
  return { since: utcOf(sinceMs), until: utcOf(untilMs) };
}

function utcOf(ms: number): string {
  return new Date(ms).toISOString();
}
