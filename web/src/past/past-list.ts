import type { WindowHistory, WindowHistoryEntry } from '../../../src/contract/window-history.ts';
import { type Day, dayAt } from './days.ts';

/** Past descriptions as far as they were read, newest first. */
export interface PastList {
  readonly entries: readonly WindowHistoryEntry[];
  /** Cursors of the pages before and after; null: there is none, as far as is known. */
  readonly newer: number | null;
  readonly older: number | null;
}

/** A list that begins with the newest. */
export function listOf({ entries, next }: WindowHistory): PastList {
  return { entries, newer: null, older: next };
}

/** With the next page of older ones below. */
export function withOlder(list: PastList, { entries, next }: WindowHistory): PastList {
  return { ...list, entries: [...list.entries, ...entries], older: next };
}

/** With the next page of newer ones above, which comes oldest first. */
export function withNewer(list: PastList, { entries, next }: WindowHistory): PastList {
  return { ...list, entries: [...entries.toReversed(), ...list.entries], newer: next };
}

export interface DayEntries {
  readonly day: Day;
  readonly entries: readonly WindowHistoryEntry[];
}

/** The entries by day, in their order. */
export function byDay(entries: readonly WindowHistoryEntry[]): DayEntries[] {
  const days: { day: Day; entries: WindowHistoryEntry[] }[] = [];
  for (const entry of entries) {
    const day = dayAt(Date.parse(entry.captured_at));
    const last = days.at(-1);
    if (last?.day.name === day.name) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
