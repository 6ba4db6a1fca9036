import { useState } from 'preact/hooks';
import type { WindowState } from '../../../src/contract/window.ts';
import type { WindowTimeline } from '../../../src/contract/window-history.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { usePage } from '../page-context.ts';
import { hashOf } from '../route.ts';
import { wordsOf } from '../words-of.ts';
import { AnswerDays } from './answer-days.tsx';
import { AnswerLegend } from './answer-legend.tsx';
import { type Day, lastDays } from './days.ts';
import { LongestStretches } from './longest-stretches.tsx';
import { useTimeline } from './use-timeline.ts';
import { looksOf } from './value-looks.ts';

interface QuestionViewProps {
  readonly window: WindowState;
  readonly camera: string;
  readonly question: string;
  readonly query: Readonly<Record<string, string>>;
}

const spans = [7, 14, 30, 90];

/** How a question was answered over the days, and when for longest. */
export function QuestionView({ window: { cameras }, camera, question, query }: QuestionViewProps) {
  const { texts, format } = usePage();
  const says = texts.question;
  const spec = cameras[camera]?.questions[question];
  const measured = cameras[camera]?.measured[question];
  const span = spans.find((days) => String(days) === query['days']) ?? 14;
  const [now] = useState(() => Date.now());
  const days = lastDays(span, now);
  const { timeline, isReading, fault, retry } = useTimeline(camera, question, days.at(-1)!.startMs, now);
  return (
    <div class="question-view">
      <header>
        <p>
          <a href={hashOf('past', [], { camera, question })}>{says.back}</a>
        </p>
        <h1>{spec?.name ?? wordsOf(question)}</h1>
        <p class="facts">
          {spec?.ask} {'· '}
          {cameras[camera]?.name ?? camera}
        </p>
        {measured && (
          <p class="facts">
            {says.measured(
              format.percent(measured.accuracy),
              format.number(measured.labels),
              measured.interval.map((share) => format.percent(share)).join('–'),
            )}
            {measured.calibrated && ` ${says.calibrated}`}
          </p>
        )}
        <label class="choose">
          {says.days}{' '}
          <select
            value={span}
            onChange={({ currentTarget: { value } }) => {
              location.hash = hashOf('past', [camera, question], { days: value });
            }}
          >
            {spans.map((each) => (
              <option key={each} value={each}>
                {format.number(each)}
              </option>
            ))}
          </select>
        </label>{' '}
        <span role="status" class="facts">
          {isReading ? texts.past.searching : ''}
        </span>
      </header>
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}{' '}
          <button type="button" class="small" onClick={retry}>
            {texts.past.retry}
          </button>
        </p>
      )}
      {timeline && timeline.bands.length === 0 && (
        <div class="empty">
          <p>
            <strong>{says.none}</strong>
          </p>
          <p>{says.noneWhy}</p>
        </div>
      )}
      {timeline && timeline.bands.length > 0 && (
        <Answers camera={camera} question={question} days={days} timeline={timeline} />
      )}
    </div>
  );
}

interface AnswersProps {
  readonly camera: string;
  readonly question: string;
  readonly days: readonly Day[];
  readonly timeline: WindowTimeline;
}

function Answers({ camera, question, days, timeline: { since, bands, totals } }: AnswersProps) {
  const { texts, format } = usePage();
  const [chosen, choose] = useState<Answer | null | undefined>(undefined);
  const looks = looksOf(totals.map(({ value }) => value));
  // Of a question to be answered by yes or no, mostly yes is meant.
  const wanted = chosen === undefined ? true : chosen;
  const shown = totals.find(({ value }) => value === wanted) ?? totals[0];
  const isCut = Date.parse(since) > days.at(-1)!.startMs;
  return (
    <>
      <AnswerLegend
        totals={totals}
        looks={looks}
        hasMixed={bands.some(({ mixed }) => mixed)}
        shown={shown?.value}
        onChoose={choose}
      />
      {isCut && <p class="fault">{texts.question.cut(format.moment(since))}</p>}
      <AnswerDays camera={camera} question={question} days={days} bands={bands} looks={looks} />
      {shown && <LongestStretches camera={camera} question={question} total={shown} />}
    </>
  );
}
