import { useState } from 'preact/hooks';
import type { WindowCamera } from '../../../src/contract/window.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { post } from '../api.ts';
import { Fault } from '../fault.tsx';
import { usePage } from '../page-context.ts';
import { useCommand } from '../use-command.ts';
import { answerText, wordsOf } from '../words-of.ts';
import { keyedAnswers } from './label-keys.ts';

interface AnswerFeedbackProps {
  readonly camera: string;
  readonly question: string;
  readonly spec: WindowCamera['questions'][string];
  readonly answer: WindowCamera['answers'][string];
}

/** Says of an answer that it is right or wrong; of several that could be right, which one. */
export function AnswerFeedback({ camera, question, spec, answer: { id, value } }: AnswerFeedbackProps) {
  const { texts, format, announce } = usePage();
  const says = texts.teach;
  const command = useCommand();
  const [isNoted, setNoted] = useState(false);
  const [isChoosing, setChoosing] = useState(false);
  const others = keyedAnswers(spec, says.yesKey, says.noKey)
    .map((each) => each.value)
    .filter((each) => each !== value);
  const send = (right: Answer): void =>
    command.run(async () => {
      await post('commands/feedback', { camera, question, id, value: right });
      setNoted(true);
      announce(says.noted);
    });
  if (value === null) return null;
  if (isNoted) return <small class="feedback">{says.noted}</small>;
  const about = `${spec.name ?? wordsOf(question)}: ${answerText(value, texts, format)}`;
  return (
    <span class="feedback">
      <button
        type="button"
        class="small"
        aria-label={`${about}: ${says.right}`}
        aria-disabled={command.isBusy}
        onClick={() => send(value)}
      >
        {says.right}
      </button>
      {others.length > 0 && (
        <button
          type="button"
          class="small"
          aria-label={`${about}: ${says.wrong}`}
          aria-disabled={command.isBusy}
          aria-expanded={others.length > 1 ? isChoosing : undefined}
          onClick={() => (others.length === 1 ? send(others[0]!) : setChoosing(!isChoosing))}
        >
          {says.wrong}
        </button>
      )}
      {isChoosing && (
        <select
          aria-label={says.rightAnswer}
          value={-1}
          onChange={({ currentTarget }) => {
            const right = others[Number(currentTarget.value)];
            if (right !== undefined) send(right);
          }}
        >
          <option value={-1}>{says.rightAnswer}</option>
          {others.map((each, index) => (
            <option key={String(each)} value={index}>
              {answerText(each, texts, format)}
            </option>
          ))}
        </select>
      )}
      <Fault command={command} />
    </span>
  );
}
