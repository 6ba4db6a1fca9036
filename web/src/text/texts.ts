import { remembered } from '../preferences.ts';
import { de } from './de.ts';
import { en, type Texts } from './en.ts';

export const languages: readonly Texts[] = [en, de];

/** The texts of a language, else of the one that was chosen before, else of the first that the browser asks for. */
export function textsOf(code: string | null): Texts {
  const wanted = [code ?? remembered('language'), ...navigator.languages];
  for (const each of wanted) {
    const found = languages.find((texts) => each?.toLowerCase().startsWith(texts.code));
    if (found) return found;
  }
  return en;
}

/** How numbers and times are written: as the browser has them for this language, such as en-GB. */
export function localeOf({ code }: Texts): string {
  return navigator.languages.find((each) => each.toLowerCase().startsWith(code)) ?? code;
}
