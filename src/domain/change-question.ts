/** At most so many tokens say what has changed. */
export const maxChangeTokens = 80;

/** Asks a model, after it has described a picture, what is different from an earlier description. */
export function changeQuestion(previous: string): string {
  return `Earlier, the same camera was described so: "${previous}" What has changed since then? Answer in one sentence.`;
}
