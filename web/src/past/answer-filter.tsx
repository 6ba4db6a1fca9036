import type { WindowCamera } from '../../../src/contract/window.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { usePage } from '../page-context.ts';
import { answerText } from '../words-of.ts';

interface AnswerFilterProps {
  readonly spec: WindowCamera['questions'][string];
  /** null: an uncertain one; undefined: any. */
  readonly answer: Answer | null | undefined;
  readonly onChange: (answer: Answer | null | undefined) => void;
}

/** Chooses one of the answers that a question can have; free answers are searched by their words. */
export function AnswerFilter({ spec, answer, onChange }: AnswerFilterProps) {
  const { texts, format } = usePage();
  const says = texts.past;
  if (spec.type === 'integer')
    return (
      <label>
        <span>{says.answer}</span>
        <input
          type="number"
          min={spec.min}
          max={spec.max}
          placeholder={says.anyAnswer}
          value={typeof answer === 'number' ? answer : ''}
          onChange={({ currentTarget: { value } }) => onChange(value === '' ? undefined : Number(value))}
        />
      </label>
    );
  const known: readonly Answer[] =
    spec.type === 'boolean' ? [true, false] : spec.type === 'enum' ? spec.values : [];
  if (known.length === 0) return null;
  const values = [...known, null];
  return (
    <label>
      <span>{says.answer}</span>
      <select
        value={answer === undefined ? -1 : values.indexOf(answer)}
        onChange={({ currentTarget: { value } }) => onChange(values[Number(value)])}
      >
        <option value={-1}>{says.anyAnswer}</option>
        {values.map((value, index) => (
          <option key={String(value)} value={index}>
            {answerText(value, texts, format)}
          </option>
        ))}
      </select>
    </label>
  );
}
