import type { WindowTimeline } from '../../../src/contract/window-history.ts';
import { usePage } from '../page-context.ts';
import { answerText } from '../words-of.ts';
import { bandsOfDay, type DayBand, totalsOfDay } from './answer-bands.ts';
import type { Day } from './days.ts';
import { anything, hashOfSearch } from './past-search.ts';
import type { ValueLooks } from './value-looks.ts';

interface AnswerDaysProps {
  readonly camera: string;
  readonly question: string;
  /** Newest first. */
  readonly days: readonly Day[];
  readonly bands: WindowTimeline['bands'];
  readonly looks: ValueLooks;
}

const hours = [0, 6, 12, 18];

/** A band for each day, from midnight to midnight. What it shows is said in words too, and listed below. */
export function AnswerDays({ camera, question, days, bands, looks }: AnswerDaysProps) {
  const { texts, format } = usePage();
  const textOf = ({ value, isMixed }: Pick<DayBand, 'value' | 'isMixed'>): string =>
    isMixed ? texts.question.mixed : answerText(value, texts, format);
  return (
    <div class="days">
      <div class="hours" aria-hidden="true">
        {hours.map((hour) => (
          <span key={hour} style={{ left: `${(hour / 24) * 100}%` }}>
            {format.hour(hour)}
          </span>
        ))}
      </div>
      {days.map((day) => {
        const name = format.weekday(day.startMs);
        const ofDay = bandsOfDay(bands, day);
        const inWords = totalsOfDay(ofDay, day).map(
          ({ value, totalMs }) => `${answerText(value, texts, format)} ${format.duration(totalMs)}`,
        );
        return (
          <div key={day.name} class="day-band">
            <span class="facts" aria-hidden="true">
              {name}
            </span>
            <span class="unseen">{`${name}: ${inWords.join(', ') || texts.question.notLooked}`}</span>
            <div class="track" aria-hidden="true">
              {ofDay.map((band) => (
                // The stretches below are for the keyboard.
                <a
                  key={`${band.since} ${band.from}`}
                  class={band.isMixed ? 'band mixed' : `band ${looks.classOf(band.value)}`}
                  tabIndex={-1}
                  href={hashOfSearch({ ...anything, camera, question, time: band.since })}
                  title={`${textOf(band)}, ${format.hours(timeAt(day, band.from))} – ${format.hours(timeAt(day, band.to))}`}
                  style={{
                    left: `${band.from * 100}%`,
                    width: `${(band.to - band.from) * 100}%`,
                    height: `${(band.isMixed ? 1 : looks.heightOf(band.value)) * 100}%`,
                  }}
                >
                  {textOf(band)}
                </a>
              ))}
            </div>
          </div>
        );
      })}
    </div>
  );
}

function timeAt({ startMs, endMs }: Day, share: number): string {
  return new Date(startMs + share * (endMs - startMs)).toISOString();
}
