import type { WindowCamera } from '../../../src/contract/window.ts';
import type { WindowHistoryEntry } from '../../../src/contract/window-history.ts';
import { usePage } from '../page-context.ts';
import { ChangedSentence } from './changed-sentence.tsx';
import { PastAnswers } from './past-answers.tsx';
import { PastPicture } from './past-picture.tsx';
import { anything, hashOfSearch } from './past-search.ts';

interface PastRowProps {
  readonly entry: WindowHistoryEntry;
  /** undefined: it is no longer configured. */
  readonly camera: WindowCamera | undefined;
  /** The words that were searched for. */
  readonly searched: string;
  /** The address names it. */
  readonly isSought: boolean;
}

/** A past description beside its picture, with what has changed since the one before. */
export function PastRow({ entry, camera, searched, isSought }: PastRowProps) {
  const { texts, format } = usePage();
  const { number, captured_at, description, answers, previous } = entry;
  return (
    <li class="entry" data-row={number} aria-current={isSought ? 'true' : undefined}>
      <PastPicture entry={entry} />
      <div>
        <p class="facts">
          <a
            href={hashOfSearch({ ...anything, camera: entry.camera, at: number })}
            title={`${format.moment(captured_at)}: ${texts.past.around}`}
          >
            <time dateTime={captured_at}>{format.clock(captured_at)}</time>
          </a>
          {' · '}
          {camera?.name ?? entry.camera}
        </p>
        {description !== null && (
          <ChangedSentence text={description} before={previous?.description ?? null} searched={searched} />
        )}
        <PastAnswers answers={answers} before={previous?.answers ?? {}} camera={camera} />
      </div>
    </li>
  );
}
