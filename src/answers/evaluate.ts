import type { Answer } from '../domain/observation.ts';
import type { Comparison, Condition } from '../domain/rule.ts';

/** An answer that was sure enough to count. */
export interface CertainAnswer {
  readonly value: Answer;
  /** 0 to 1; null if the engine gave none. */
  readonly confidence: number | null;
}

/** By question; a missing one was not asked, or its answer is uncertain. */
export type CertainAnswers = Readonly<Record<string, CertainAnswer>>;

/** Whether a condition is true of one look, and how sure that is. */
export interface Verdict {
  /** null: the answers do not decide it. */
  readonly value: boolean | null;
  /** Of the answers that decide it; null if it is not decided, or one of them has none. */
  readonly confidence: number | null;
}

const undecided: Verdict = { value: null, confidence: null };

/**
 * Evaluates a condition in Kleene's three-valued logic: an uncertain answer leaves it undecided unless the others decide it
 * alone. The confidence of a conjunction is the least of those that make it true, or the greatest of those that make it
 * false; the other way round for a disjunction.
 */
export function evaluate(condition: Condition, answers: CertainAnswers): Verdict {
  switch (condition.kind) {
    case 'compare': {
      const answer = answers[condition.question];
      if (!answer) return undecided;
      return { value: compare(answer.value, condition.is, condition.value), confidence: answer.confidence };
    }
    case 'not': {
      const { value, confidence } = evaluate(condition.of, answers);
      return { value: value === null ? null : !value, confidence };
    }
    default:
      return combine(
        condition.kind,
        condition.of.map((part) => evaluate(part, answers)),
      );
  }
}

function combine(kind: 'all' | 'any', parts: readonly Verdict[]): Verdict {
  // One part of this value decides alone.
  const deciding = kind === 'any';
  const alone = parts.filter(({ value }) => value === deciding);
  if (alone.length > 0) return { value: deciding, confidence: extreme(alone, Math.max) };
  if (parts.some(({ value }) => value === null)) return undecided;
  return { value: !deciding, confidence: extreme(parts, Math.min) };
}

function extreme(
  verdicts: readonly Verdict[],
  pick: (...numbers: readonly number[]) => number,
): number | null {
  const confidences = verdicts.map(({ confidence }) => confidence);
  return confidences.includes(null) ? null : pick(...(confidences as number[]));
}

function compare(answer: Answer, is: Comparison, value: Answer): boolean {
  switch (is) {
    case '==':
      return answer === value;
    case '!=':
      return answer !== value;
    case '<':
      return answer < value;
    case '<=':
      return answer <= value;
    case '>':
      return answer > value;
    case '>=':
      return answer >= value;
  }
}
