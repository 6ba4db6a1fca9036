import { CommandError } from '../domain/errors.ts';
import type { Verdict } from '../domain/feedback.ts';
import { isOfType, type LabelledType, someValuesOf } from '../domain/label.ts';
import type { Answer } from '../domain/observation.ts';

/**
 * The right answer by a verdict on what the model said.
 * @throws CommandError if it is no answer of the type, or several would be right in place of a wrong one
 */
export function labelledValue(type: LabelledType, said: Answer, verdict: Verdict): Answer {
  if ('value' in verdict) {
    if (isOfType(type, verdict.value)) return verdict.value;
    throw new CommandError(
      'invalid',
      `value: ${JSON.stringify(verdict.value)} is no answer of type ${type.kind}`,
    );
  }
  if (verdict.isRight) return said;
  const [other, ...more] = someValuesOf(type).filter((value) => value !== said);
  if (other === undefined || more.length > 0)
    throw new CommandError('invalid', `right: false leaves several answers; send the right one as value`);
  return other;
}
