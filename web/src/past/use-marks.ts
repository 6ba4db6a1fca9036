import { useEffect, useState } from 'preact/hooks';
import type { WindowMarks } from '../../../src/contract/window-history.ts';
import { get } from '../api.ts';
import type { Mark } from './strip-marks.ts';

/** Of 500 marks each: more than a day of a description every three seconds. */
const maxPages = 60;

/** When something was described since a time, as far as the history has it. What cannot be read is left out. */
export function useMarks(sinceMs: number, isKept: boolean): readonly Mark[] {
  const [marks, setMarks] = useState<readonly Mark[]>([]);
  useEffect(() => {
    if (!isKept) return;
    let isOver = false;
    const readAll = async (): Promise<void> => {
      let cursor: number | null = null;
      let read: readonly Mark[] = [];
      for (let page = 0; page < maxPages; page++) {
        const fields = {
          since: new Date(sinceMs).toISOString(),
          ...(cursor !== null && { cursor: String(cursor) }),
        };
        const next: WindowMarks = await get(`marks?${new URLSearchParams(fields)}`);
        if (isOver) return;
        read = [...read, ...next.marks.map(({ at, ...mark }) => ({ ...mark, atMs: Date.parse(at) }))];
        cursor = next.next;
        // Those that were read before for a shorter time stay until all are here.
        if (cursor === null || page === 0)
          setMarks((before) => (before.length > read.length ? before : read));
        if (cursor === null) return;
      }
      setMarks(read);
    };
    readAll().catch(() => {});
    return () => {
      isOver = true;
    };
  }, [sinceMs, isKept]);
  return marks;
}
