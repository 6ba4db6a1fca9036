import type { DescriptionResult } from '../domain/description-options.ts';
import type { Description } from '../domain/observation.ts';

/** The name of an ad-hoc question: no standing question has it. */
export const adHocName = '';

/** Splits off the answer to `DescriptionOptions.ask`: it goes to the requester only and is never published. */
export function splitAdHocAnswer(description: Description): {
  description: Description;
  answer: DescriptionResult['answer'];
} {
  const { [adHocName]: answer = null, ...answers } = description.answers;
  const { [adHocName]: _, ...confidences } = description.confidences ?? {};
  return { description: { ...description, answers, confidences }, answer };
}
