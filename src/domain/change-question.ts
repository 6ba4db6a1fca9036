/** At most so many tokens say what has changed. */
export const maxChangeTokens = 80;

/** Asks a model, after it has described a picture, what is different from an earlier description. */
export function changeQuestion(previous: string): string {
  return `Earlier, the same camera was described so: "${previous}" What has changed since then? Answer in one sentence.`;
}

/** The same beside the earlier picture, which comes right before these words. */
export function comparisonQuestion(previous: string): string {
  return `This second picture is an earlier one of the same camera, which was described so: "${previous}" The first picture is the new one. What has changed from the earlier picture to the new one? Answer in one sentence.`;
}
