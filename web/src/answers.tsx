import type { WindowCamera } from '../../src/contract/window.ts';
import { Confidence } from './confidence.tsx';
import { useBoardNow, usePage } from './page-context.ts';
import type { Observation } from './page-state.ts';
import { AnswerFeedback } from './teach/answer-feedback.tsx';
import { answerText, wordsOf } from './words-of.ts';

interface AnswersProps {
  /** Of the camera. */
  readonly id: string;
  readonly camera: Pick<WindowCamera, 'questions' | 'answers' | 'rules' | 'rule_specs' | 'collects'>;
  readonly observation: Observation | null;
  /** Whether answers can be said to be right or wrong. */
  readonly canJudge: boolean;
}

/** Its answers are short, and either right or wrong. */
function isTyped({ type }: WindowCamera['questions'][string]): boolean {
  return type === 'boolean' || type === 'integer' || type === 'enum';
}

/** The newest answer to each of the camera's questions, how sure it is, and what the rules make of them. */
export function Answers({ id, camera, observation, canJudge }: AnswersProps) {
  const { questions, answers, rules, rule_specs, collects } = camera;
  const { texts, format } = usePage();
  const now = useBoardNow();
  const asked = Object.entries(questions);
  const ruled = Object.entries(rules);
  if (asked.length + ruled.length === 0) return null;
  return (
    <dl class="answers" aria-label={texts.now.answers}>
      {asked.map(([key, spec]) => {
        const answer = answers[key];
        const isOlder = answer !== undefined && answer.id !== observation?.id;
        return (
          <div key={key} class={isTyped(spec) ? 'typed' : undefined}>
            <dt title={spec.ask}>{spec.name ?? wordsOf(key)}</dt>
            <dd>
              {answer === undefined ? '–' : answerText(answer.value, texts, format)}
              {answer !== undefined && answer.value !== null && answer.confidence !== null && (
                <>
                  {' '}
                  <Confidence value={answer.confidence} isCalibrated={answer.calibrated} />
                </>
              )}
              {isOlder && <small> {texts.now.olderAnswer(format.ago(answer.captured_at, now))}</small>}
              {canJudge && collects && isTyped(spec) && answer !== undefined && answer.value !== null && (
                <AnswerFeedback key={answer.id} camera={id} question={key} spec={spec} answer={answer} />
              )}
            </dd>
          </div>
        );
      })}
      {ruled.map(([rule, { state, since }]) => (
        <div key={rule}>
          <dt>{rule_specs[rule]?.name ?? wordsOf(rule)}</dt>
          <dd class={state === 'on' ? 'on' : undefined}>
            {texts.now.rule[state]}
            {since !== null && <small> {texts.vision.since(format.moment(since))}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
