import type { WindowCamera } from '../../src/contract/window.ts';
import { useBoardNow, usePage } from './page-context.ts';
import type { Observation } from './page-state.ts';
import { answerText, wordsOf } from './words-of.ts';

interface AnswersProps {
  readonly camera: Pick<WindowCamera, 'questions' | 'answers' | 'rules'>;
  readonly observation: Observation | null;
}

/** Above these, an answer is called sure, or fairly sure. */
const [sure, fairlySure] = [0.9, 0.7];

/** The newest answer to each of the camera's questions, how sure it is, and what the rules make of them. */
export function Answers({ camera: { questions, answers, rules }, observation }: AnswersProps) {
  const { texts, format } = usePage();
  const now = useBoardNow();
  const asked = Object.entries(questions);
  const ruled = Object.entries(rules);
  if (asked.length + ruled.length === 0) return null;
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
              {answer !== undefined && answer.value !== null && <Confidence value={answer.confidence} />}
              {isOlder && <small> {texts.now.olderAnswer(format.ago(answer.captured_at, now))}</small>}
            </dd>
          </div>
        );
      })}
      {ruled.map(([rule, { state, since }]) => (
        <div key={rule}>
          <dt>{wordsOf(rule)}</dt>
          <dd class={state === 'on' ? 'on' : undefined}>
            {texts.now.rule[state]}
            {since !== null && <small> {texts.vision.since(format.moment(since))}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A bar and a word: a number would promise more than a model knows. */
function Confidence({ value }: { readonly value: number | null }) {
  const { texts } = usePage();
  if (value === null) return null;
  const { confidence } = texts.now;
  const word = value >= sure ? confidence.sure : value >= fairlySure ? confidence.fairly : confidence.little;
  return (
    <>
      <small> {word}</small> <meter min={0} max={1} value={value} aria-hidden="true" />
    </>
  );
}
