import type { WindowTimeline } from '../../../src/contract/window-history.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { usePage } from '../page-context.ts';
import { answerText } from '../words-of.ts';
import type { ValueLooks } from './value-looks.ts';

interface AnswerLegendProps {
  readonly totals: WindowTimeline['totals'];
  readonly looks: ValueLooks;
  readonly hasMixed: boolean;
  /** Whose stretches are listed; undefined: none. */
  readonly shown: Answer | null | undefined;
  readonly onChoose: (value: Answer | null) => void;
}

/** The answers with how long each held; one can be chosen. */
export function AnswerLegend({ totals, looks, hasMixed, shown, onChoose }: AnswerLegendProps) {
  const { texts, format } = usePage();
  const says = texts.question;
  return (
    <fieldset class="legend">
      <legend>{says.choose}</legend>
      {totals.map(({ value, total_ms, stretches }) => (
        <button
          key={JSON.stringify(value)}
          type="button"
          aria-pressed={value === shown}
          onClick={() => onChoose(value)}
        >
          <span class={`swatch band ${looks.classOf(value)}`} aria-hidden="true" />{' '}
          <strong>{answerText(value, texts, format)}</strong>{' '}
          <span class="aside">{says.total(format.duration(total_ms), format.number(stretches))}</span>
        </button>
      ))}
      {hasMixed && (
        <span>
          <span class="swatch band mixed" aria-hidden="true" /> {says.mixed}
        </span>
      )}
      <span>
        <span class="swatch band nothing" aria-hidden="true" /> {says.notLooked}
      </span>
    </fieldset>
  );
}
