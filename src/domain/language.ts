import type { Question } from './observation.ts';

/** What is not a language that a model can answer in: undetermined, several languages, no language. */
const noLanguages: ReadonlySet<string> = new Set(['und', 'mul', 'zxx']);
const alphabet = Array.from('abcdefghijklmnopqrstuvwxyz');

/** The BCP 47 tag of a language given as a tag, or by its name in English or in itself; null: unknown. */
export function languageTagOf(text: string): string | null {
  if (languageName(text) !== null) return Intl.getCanonicalLocales(text)[0]!;
  const name = text.toLowerCase();
  const twoLetters = alphabet.flatMap((first) => alphabet.map((second) => first + second));
  const tags = twoLetters.filter((tag) => languageName(tag) !== null);
  const inEnglish = tags.find((tag) => languageName(tag)!.toLowerCase() === name);
  return inEnglish ?? tags.find((tag) => languageName(tag, tag)?.toLowerCase() === name) ?? null;
}

/** The instruction for a description. English is the models' own language and needs no words. */
export function promptIn(language: string, prompt: string): string {
  if (new Intl.Locale(language).language === 'en') return prompt;
  return `${prompt} Answer in ${languageName(language)}.`;
}

/** The question; the language matters only to answers in the model's own words. */
export function questionIn<Asked extends Pick<Question, 'ask' | 'type'>>(
  language: string,
  question: Asked,
): Asked {
  const isFree = question.type === undefined || question.type.kind === 'string';
  return isFree ? { ...question, ask: promptIn(language, question.ask) } : question;
}

/** The name of a tag's language, in another one; null: the tag is invalid or unknown. */
function languageName(tag: string, inLanguage = 'en'): string | null {
  try {
    const names = new Intl.DisplayNames([inLanguage], { type: 'language', fallback: 'none' });
    return noLanguages.has(new Intl.Locale(tag).language) ? null : (names.of(tag) ?? null);
  } catch {
    // Not written like a tag.
    return null;
  }
}
