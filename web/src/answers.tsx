import type { WindowCamera } from '../../src/contract/window.ts';
import { useBoardNow, usePage } from './page-context.ts';
import type { Observation } from './page-state.ts';
import { answerText, wordsOf } from './words-of.ts';

/** The newest answer to each of the camera's questions; one that is older than the description says so. */
export function Answers({
  camera: { questions, answers },
  observation,
}: {
  readonly camera: Pick<WindowCamera, 'questions' | 'answers'>;
  readonly observation: Observation | null;
}) {
  const { texts, format } = usePage();
  const now = useBoardNow();
  const asked = Object.entries(questions);
  if (asked.length === 0) return null;
  return (
    <dl class="answers" aria-label={texts.now.answers}>
      {asked.map(([key, { name, ask }]) => {
        const answer = answers[key];
        const isOlder = answer !== undefined && answer.id !== observation?.id;
        return (
          <div key={key}>
            <dt title={ask}>{name ?? wordsOf(key)}</dt>
            <dd>
              {answer === undefined ? '–' : answerText(answer.value, texts, format)}
              {isOlder && <small> {texts.now.olderAnswer(format.ago(answer.captured_at, now))}</small>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
