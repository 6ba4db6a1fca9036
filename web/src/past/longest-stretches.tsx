import type { WindowTimeline } from '../../../src/contract/window-history.ts';
import { usePage } from '../page-context.ts';
import { answerText } from '../words-of.ts';
import { anything, hashOfSearch } from './past-search.ts';

interface LongestStretchesProps {
  readonly camera: string;
  readonly question: string;
  readonly total: WindowTimeline['totals'][number];
}

/** When an answer held for longest; each leads to what was seen then. */
export function LongestStretches({ camera, question, total: { value, longest } }: LongestStretchesProps) {
  const { texts, format } = usePage();
  return (
    <section class="longest">
      <h2>{texts.question.longest(answerText(value, texts, format))}</h2>
      <ol>
        {longest.map(({ since, until }) => {
          const [first, last] = [since, until].map((at) => format.weekday(Date.parse(at)));
          return (
            <li key={since}>
              <a href={hashOfSearch({ ...anything, camera, question, time: since })}>
                <strong>{format.duration(Date.parse(until) - Date.parse(since))}</strong>{' '}
                <span>
                  {first}, <time dateTime={since}>{format.hours(since)}</time> –{' '}
                  {last === first ? '' : `${last}, `}
                  <time dateTime={until}>{format.hours(until)}</time>
                </span>
              </a>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
