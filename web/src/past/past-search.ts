import type { Answer } from '../../../src/domain/observation.ts';
import { hashOf } from '../route.ts';
import { dayNamed } from './days.ts';

/** What is looked for; all of it must hold. Empty, null or undefined: whatever. */
export interface PastSearch {
  readonly text: string;
  readonly camera: string;
  readonly question: string;
  /** To `question`; null: an uncertain one; undefined: any. */
  readonly answer: Answer | null | undefined;
  /** As in a date field. */
  readonly day: string;
  /** The number of the observation at which the list begins; null: the newest. */
  readonly at: number | null;
  /** The time (UTC, ISO 8601) at which the list begins, if `at` does not say it. */
  readonly time: string;
}

export const anything: PastSearch = {
  text: '',
  camera: '',
  question: '',
  answer: undefined,
  day: '',
  at: null,
  time: '',
};

/** A search from the address of the view; what makes no sense is left out. */
export function pastSearchOf(query: Readonly<Record<string, string>>): PastSearch {
  const { text = '', camera = '', question = '', answer = '', day = '', at = '', time = '' } = query;
  return {
    text: text.slice(0, 200),
    camera,
    question,
    answer: question === '' ? undefined : answerOf(answer),
    day: dayNamed(day) ? day : '',
    at: /^\d{1,15}$/.test(at) ? Number(at) : null,
    time: Number.isNaN(Date.parse(time)) ? '' : new Date(time).toISOString(),
  };
}

/** The address of the view with a search, to be shared. */
export function hashOfSearch({ at, time, day, ...search }: PastSearch): string {
  return hashOf('past', [], { ...wordsOf(search), day, at: at === null ? '' : String(at), time });
}

/** What the daemon is asked for one page. */
export function historyQueryOf(
  search: PastSearch,
  order: 'newest' | 'oldest',
  cursor: number | null,
  sinceMs: number | undefined = dayNamed(search.day)?.startMs,
): string {
  const untilMs = dayNamed(search.day)?.endMs;
  const timeOf = (ms: number | undefined): string => (ms === undefined ? '' : new Date(ms).toISOString());
  const fields = {
    ...wordsOf(search),
    since: timeOf(sinceMs),
    until: timeOf(untilMs),
    order,
    cursor: cursor === null ? '' : String(cursor),
  };
  return new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '')).toString();
}

function wordsOf({
  text,
  camera,
  question,
  answer,
}: Pick<PastSearch, 'text' | 'camera' | 'question' | 'answer'>): Record<string, string> {
  const isAny = question === '' || answer === undefined;
  return { text: text.trim(), camera, question, answer: isAny ? '' : JSON.stringify(answer) };
}

function answerOf(text: string): Answer | null | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isAnswer = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    return isAnswer ? (value as Answer | null) : undefined;
  } catch {
    return undefined;
  }
}
