import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { WindowState } from '../../../src/contract/window.ts';
import { usePage } from '../page-context.ts';
import { byDay } from './past-list.ts';
import { PastRow } from './past-row.tsx';
import { hashOfSearch, type PastSearch } from './past-search.ts';
import { useKeptPlace } from './use-kept-place.ts';
import { usePastList } from './use-past-list.ts';
import { useSeen } from './use-seen.ts';

interface PastRowsProps {
  readonly window: WindowState;
  readonly search: PastSearch;
}

/** What was found, newest first and by day. It grows at its ends as one scrolls, and what is being read stays where it is. */
export function PastRows({ window, search }: PastRowsProps) {
  const { texts } = usePage();
  const says = texts.past;
  const { list, sought, reading, fault, isNewest, readOlder, readNewer, retry } = usePastList(search);
  const rows = useRef<HTMLDivElement>(null);
  const [top, bottom] = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)];
  const entries = list?.entries ?? [];
  useKeptPlace(rows, entries[0] ? String(entries[0].number) : null);
  useSeen(top, () => list?.newer != null && fault === null && readNewer(), list);
  useSeen(bottom, () => fault === null && readOlder(), list);
  const isRead = list !== null;
  useEffect(() => {
    if (isRead && sought !== null)
      rows.current?.querySelector(`[data-row="${sought}"]`)?.scrollIntoView({ block: 'center' });
  }, [isRead, sought]);
  return (
    <div class="past" ref={rows}>
      <div class="end" ref={top}>
        {list && (
          <button type="button" class="small" aria-busy={reading === 'newer'} onClick={readNewer}>
            {reading === 'newer' ? says.searching : says.newer}
          </button>
        )}{' '}
        <span class="facts" role="status">
          {isNewest && says.noneNewer}
          {reading === 'list' && says.searching}
        </span>
        {list && entries.length === 0 && (
          <div class="empty">
            <p>
              <strong>{says.none}</strong>
            </p>
            <p>{hashOfSearch(search) === '#past' ? says.noneYet : says.noneWhy}</p>
          </div>
        )}
      </div>
      {byDay(entries).map(({ day, entries: ofDay }) => (
        <DayOfRows key={day.name} atMs={day.startMs}>
          {ofDay.map((entry) => (
            <PastRow
              key={entry.number}
              entry={entry}
              camera={window.cameras[entry.camera]}
              searched={search.text}
              isSought={entry.number === sought}
            />
          ))}
        </DayOfRows>
      ))}
      <div class="end" ref={bottom}>
        {list && list.older !== null && fault === null && (
          <button type="button" aria-busy={reading === 'older'} onClick={readOlder}>
            {reading === 'older' ? says.searching : says.older}
          </button>
        )}
        {list && list.older === null && entries.length > 0 && <p class="facts">{says.noneOlder}</p>}
        <div role="alert">
          {fault !== null && (
            <p class="fault">
              {fault}{' '}
              <button type="button" class="small" onClick={retry}>
                {says.retry}
              </button>
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

function DayOfRows({ atMs, children }: { readonly atMs: number; readonly children: ComponentChildren }) {
  const { format } = usePage();
  const name = format.day(atMs);
  return (
    <section aria-label={name}>
      <h2 class="day">{name}</h2>
      <ol>{children}</ol>
    </section>
  );
}
