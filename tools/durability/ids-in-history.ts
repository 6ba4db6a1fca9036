import { HistoryReader } from '../../src/store/history/history-reader.ts';

/** The ids of all observations in a history, oldest first. */
export function idsInHistory(folder: string): string[] {
  const reader = new HistoryReader(folder);
  try {
    const ids: string[] = [];
    let cursor: number | null = null;
    do {
      const page = reader.page({}, { cursor, limit: 1000, order: 'oldest' });
      ids.push(...page.items.map(({ observation }) => observation.id));
      cursor = page.next;
    } while (cursor !== null);
    return ids;
  } finally {
    reader.close();
  }
}
