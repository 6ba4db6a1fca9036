import { z } from 'zod';
import { languageTagOf } from '../domain/language.ts';

const words = 'must be a language: a BCP 47 tag such as de or pt-BR, or a name such as German';

/** A language, parsed to its BCP 47 tag. */
export const language = z.string({ error: words }).transform((text, context) => {
  const tag = languageTagOf(text);
  if (tag !== null) return tag;
  context.addIssue({ code: 'custom', input: text, message: words });
  return z.NEVER;
});
