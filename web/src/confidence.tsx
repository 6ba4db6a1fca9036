import { confidenceWord } from './confidence-word.ts';
import { usePage } from './page-context.ts';

interface ConfidenceProps {
  /** From 0 to 1. */
  readonly value: number;
  /** null: not known. */
  readonly isCalibrated: boolean | null;
}

/** How sure an answer is: a bar, and a word that says the same. */
export function Confidence({ value, isCalibrated }: ConfidenceProps) {
  const { texts, format } = usePage();
  const says = texts.confidence;
  const basis = isCalibrated === null ? '' : ` (${isCalibrated ? says.calibrated : says.raw})`;
  return (
    <span class="confidence" title={`${format.percent(value)}${basis}`}>
      <span class="confidence-bar" aria-hidden="true">
        <span style={{ width: `${value * 100}%` }} />
      </span>{' '}
      <small>{says.words[confidenceWord(value)]}</small>
    </span>
  );
}
