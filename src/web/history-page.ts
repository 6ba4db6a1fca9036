import type { HistoryQuery, WindowHistory } from '../contract/window.ts';
import type { HistoryItem, PastObservation } from '../domain/history.ts';
import type { PastObservations } from '../pipeline/ports.ts';

const limit = 50;

type Entry = WindowHistory['entries'][number];

/** One page of past observations, each with the one of its camera before it, as it is sent. */
export async function historyPage(
  history: PastObservations,
  { camera, text, since, until, cursor }: HistoryQuery,
): Promise<WindowHistory> {
  const filter = {
    camera,
    text: text === undefined ? undefined : beginningsOf(text),
    sinceMs: since === undefined ? undefined : Date.parse(since),
    untilMs: until === undefined ? undefined : Date.parse(until),
  };
  const { items, next } = await history.page(filter, { cursor: cursor ?? null, limit, order: 'newest' });
  const neighbours = await Promise.all(items.map(({ number }) => history.neighbours(number)));
  return {
    entries: items.map((item, index) => entryOf(item, neighbours[index]?.before ?? null)),
    next,
  };
}

/** Each word of a text as the beginning of one: what is typed is seldom whole. */
function beginningsOf(text: string): string {
  return [...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].map(([word]) => `${word}*`).join(' ');
}

function entryOf({ number, observation, hasThumbnail }: HistoryItem, before: HistoryItem | null): Entry {
  const { camera, captured_at } = observation;
  return {
    number,
    camera,
    captured_at,
    ...saidBy(observation),
    picture: hasThumbnail,
    previous: before && saidBy(before.observation),
  };
}

function saidBy({ description, answers }: PastObservation): Pick<Entry, 'description' | 'answers'> {
  return { description, answers: { ...answers } };
}
