import type { Calibrate } from '../domain/calibrate.ts';
import type { Answer, Description, JudgedAnswer, Question } from '../domain/observation.ts';

/**
 * What the answers about a picture are worth, by question. An answer is uncertain if its confidence, calibrated if it can be,
 * is below the question's `minConfidence`. One without a confidence is not.
 * @param questions those that were asked
 */
export function judgeAnswers(
  camera: string,
  questions: readonly Question[],
  { answers, confidences = {}, model }: Pick<Description, 'answers' | 'confidences' | 'model'>,
  calibrate: Calibrate,
): Record<string, JudgedAnswer> {
  const judge = (question: Question, answer: Answer): JudgedAnswer => {
    const given = ownValue(confidences, question.name);
    if (given === undefined) return { value: answer, confidence: null, isCalibrated: false };
    const calibrated = calibrate({ camera, question, model, confidence: given });
    const confidence = calibrated ?? given;
    const isCertain = confidence >= (question.minConfidence ?? 0);
    return { value: isCertain ? answer : null, confidence, isCalibrated: calibrated !== null };
  };
  return Object.fromEntries(
    questions.flatMap((question) => {
      const answer = ownValue(answers, question.name);
      return answer === undefined ? [] : [[question.name, judge(question, answer)]];
    }),
  );
}

/** Names come from the config, and every object has a `constructor`. */
function ownValue<Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
