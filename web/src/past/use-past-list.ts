import { useEffect, useRef, useState } from 'preact/hooks';
import type { WindowHistory } from '../../../src/contract/window-history.ts';
import { get } from '../api.ts';
import { faultText } from '../fault-text.ts';
import { usePage } from '../page-context.ts';
import { listOf, type PastList, withNewer, withOlder } from './past-list.ts';
import { hashOfSearch, historyQueryOf, type PastSearch } from './past-search.ts';

/** What is being read: the list itself, or a page below or above it. */
type Reading = 'list' | 'older' | 'newer';

export interface ReadList {
  /** null: nothing was read yet. */
  readonly list: PastList | null;
  /** The number of the observation at which it begins; null: the newest. */
  readonly sought: number | null;
  readonly reading: Reading | null;
  readonly fault: string | null;
  /** Looked for newer ones, and there were none. */
  readonly isNewest: boolean;
  readOlder(): void;
  readNewer(): void;
  /** What failed, once more. */
  retry(): void;
}

/** The list of a search, which grows at both ends when it is asked to. */
export function usePastList(search: PastSearch): ReadList {
  const { texts } = usePage();
  const key = hashOfSearch(search);
  const [state, setState] =
    useState<Pick<ReadList, 'list' | 'sought' | 'reading' | 'fault' | 'isNewest'>>(atFirst);
  /** The newest of the readings: what an older one brings is of another search. */
  const current = useRef<{ readonly what: Reading } | null>(null);
  const begin = async (what: Reading, read: () => Promise<Partial<typeof state>>): Promise<void> => {
    const mine = { what };
    current.current = mine;
    setState((before) => ({ ...before, reading: what, fault: null, isNewest: false }));
    const change = await read().catch((error: unknown) => ({ fault: faultText(error, texts) }));
    if (current.current === mine) setState((before) => ({ ...before, ...change, reading: null }));
  };
  const page = (order: 'newest' | 'oldest', cursor: number | null): Promise<WindowHistory> =>
    get(`history?${historyQueryOf(search, order, cursor)}`);
  const readAll = (): void =>
    void begin('list', async () => {
      const at = search.at ?? (search.time === '' ? null : await numberAt(search));
      if (at === null) return { list: listOf(await page('newest', null)), sought: null };
      const [older, newer] = await Promise.all([page('newest', at + 1), page('oldest', at)]);
      return { list: withNewer(listOf(older), newer), sought: at };
    });
  useEffect(() => {
    setState(atFirst);
    readAll();
    return () => {
      current.current = null;
    };
  }, [key]);
  const { list, reading } = state;
  const readOlder = (): void => {
    if (!list || list.older === null || reading !== null) return;
    void begin('older', async () => ({ list: withOlder(list, await page('newest', list.older)) }));
  };
  const readNewer = (): void => {
    const first = list?.newer ?? list?.entries[0]?.number ?? null;
    if (!list || reading !== null) return;
    if (first === null) readAll();
    else
      void begin('newer', async () => {
        const newer = await page('oldest', first);
        return { list: withNewer(list, newer), isNewest: newer.entries.length === 0 };
      });
  };
  const again = { list: readAll, older: readOlder, newer: readNewer };
  return {
    ...state,
    readOlder,
    readNewer,
    retry: () => again[current.current?.what ?? 'list'](),
  };
}

const atFirst = { list: null, sought: null, reading: 'list', fault: null, isNewest: false } as const;

/** The number of the first observation at a time or later; null: there is none. */
async function numberAt(search: PastSearch): Promise<number | null> {
  const query = historyQueryOf(search, 'oldest', null, Date.parse(search.time));
  const { entries } = await get<WindowHistory>(`history?limit=1&${query}`);
  return entries[0]?.number ?? null;
}
