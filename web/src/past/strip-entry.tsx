import { useEffect, useState } from 'preact/hooks';
import type { WindowCamera } from '../../../src/contract/window.ts';
import type { WindowHistory, WindowHistoryEntry } from '../../../src/contract/window-history.ts';
import { get, pictureAddress } from '../api.ts';
import { faultText } from '../fault-text.ts';
import { usePage } from '../page-context.ts';
import type { SeenObservation } from '../page-state.ts';
import { PastAnswers } from './past-answers.tsx';
import { PastPicture } from './past-picture.tsx';
import { anything, hashOfSearch } from './past-search.ts';
import type { Mark } from './strip-marks.ts';

interface StripEntryProps {
  readonly mark: Mark;
  /** undefined: it is no longer configured. */
  readonly camera: WindowCamera | undefined;
  /** null: it is from before the page was opened. */
  readonly seen: SeenObservation | null;
  /** Its picture is not shown any more. */
  readonly isCovered: boolean;
}

/** What was seen at a mark. */
export function StripEntry({
  mark: { number, camera: key, atMs },
  camera,
  seen,
  isCovered,
}: StripEntryProps) {
  const { texts, format } = usePage();
  const [entry, setEntry] = useState<WindowHistoryEntry | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    if (number === null) return;
    let isOver = false;
    get<WindowHistory>(`history?limit=1&cursor=${number + 1}`).then(
      ({ entries: [found] }) => {
        if (!isOver && found?.number === number) setEntry(found);
      },
      (error: unknown) => {
        if (!isOver) setFault(faultText(error, texts));
      },
    );
    return () => {
      isOver = true;
    };
  }, [number]);
  const shown = entry ?? seen;
  const at = new Date(atMs).toISOString();
  return (
    <div class="entry">
      {entry ? (
        <PastPicture entry={entry} />
      ) : seen && !isCovered ? (
        <SeenPicture id={seen.id} alt={seen.description ?? ''} />
      ) : (
        <div class="thumbnail none" />
      )}
      <div>
        <p class="facts">
          {number === null ? (
            <time dateTime={at}>{format.moment(at)}</time>
          ) : (
            <a href={hashOfSearch({ ...anything, camera: key, at: number })} title={texts.past.around}>
              <time dateTime={at}>{format.moment(at)}</time>
            </a>
          )}
          {' · '}
          {camera?.name ?? key}
        </p>
        {shown && <p class="sentence">{shown.description}</p>}
        {shown && (
          <PastAnswers answers={shown.answers} before={entry?.previous?.answers ?? {}} camera={camera} />
        )}
        {!shown && fault === null && <p class="sentence">{texts.past.searching}</p>}
        {fault !== null && <p class="fault">{fault}</p>}
      </div>
    </div>
  );
}

/** The daemon keeps the newest pictures only. */
function SeenPicture({ id, alt }: { readonly id: string; readonly alt: string }) {
  const [isMissing, setMissing] = useState(false);
  if (isMissing) return <div class="thumbnail none" />;
  return <img class="thumbnail" src={pictureAddress(id)} alt={alt} onError={() => setMissing(true)} />;
}
