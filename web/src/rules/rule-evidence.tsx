import { useEffect, useState } from 'preact/hooks';
import type { WindowHistory, WindowHistoryEntry } from '../../../src/contract/window-history.ts';
import { get, pictureAddress, thumbnailAddress } from '../api.ts';
import { usePage } from '../page-context.ts';
import { anything, hashOfSearch } from '../past/past-search.ts';
import { ulidTime } from './ulid-time.ts';

interface RuleEvidenceProps {
  /** Of the observation. */
  readonly id: string;
  readonly camera: string;
  readonly hasHistory: boolean;
}

/** An observation that a rule rests on: its picture as long as it is kept, else a grey frame, and when it was. */
export function RuleEvidence({ id, camera, hasHistory }: RuleEvidenceProps) {
  const { texts, format, live } = usePage();
  const [isUnkept, setUnkept] = useState(false);
  const isGone = isUnkept || live.state.covered.has(id);
  const entry = useEntry(id, camera, hasHistory && isGone);
  const seen = live.state.seen.find((each) => each.id === id) ?? null;
  const at = (entry ?? seen)?.captured_at ?? new Date(ulidTime(id)).toISOString();
  const text = (entry ?? seen)?.description ?? null;
  const time = <time dateTime={at}>{format.moment(at)}</time>;
  const address = isGone ? (entry?.picture ? thumbnailAddress(entry.number) : null) : pictureAddress(id);
  return (
    <li class="entry">
      {address === null ? (
        <div class="thumbnail none" title={texts.past.noPicture} />
      ) : (
        <img class="thumbnail" src={address} alt={text ?? ''} onError={() => setUnkept(true)} />
      )}
      <div>
        <p class="facts">
          {entry ? <a href={hashOfSearch({ ...anything, camera, at: entry.number })}>{time}</a> : time}
        </p>
        {text !== null && (
          <p class="sentence" title={text}>
            {text}
          </p>
        )}
      </div>
    </li>
  );
}

/** What the history has of an observation; null: nothing, or not yet. */
function useEntry(id: string, camera: string, isWanted: boolean): WindowHistoryEntry | null {
  const [entry, setEntry] = useState<WindowHistoryEntry | null>(null);
  useEffect(() => {
    if (!isWanted) return;
    let isOver = false;
    const around = (ms: number): string => new Date(ulidTime(id) + ms).toISOString();
    const query = new URLSearchParams({ camera, since: around(-aroundMs), until: around(aroundMs) });
    get<WindowHistory>(`history?${query}`).then(
      ({ entries }) => {
        if (!isOver) setEntry(entries.find((each) => each.id === id) ?? null);
      },
      // That it is not shown says enough.
      () => {},
    );
    return () => {
      isOver = true;
    };
  }, [id, camera, isWanted]);
  return entry;
}

/** An id is given right before or after the capture. */
const aroundMs = 10_000;
