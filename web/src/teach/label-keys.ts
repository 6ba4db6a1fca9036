import type { WindowCamera } from '../../../src/contract/window.ts';
import type { Answer } from '../../../src/domain/observation.ts';

type Spec = WindowCamera['questions'][string];

/** An answer with the key that gives it. */
export interface KeyedAnswer {
  readonly value: Answer;
  readonly key: string;
}

const maxKeys = 10;

/**
 * The answers of a question that one key each can give: two for yes and no, digits for numbers, the places of a list. Empty: too
 * many, or negative ones; they are typed.
 * @param yesKey what people press for yes, in their language
 */
export function keyedAnswers(spec: Spec, yesKey: string, noKey: string): KeyedAnswer[] {
  switch (spec.type) {
    case 'boolean':
      return [
        { value: true, key: yesKey },
        { value: false, key: noKey },
      ];
    case 'integer': {
      const { min, max } = spec;
      if (min < 0 || max >= maxKeys) return [];
      return Array.from({ length: max - min + 1 }, (_, index) => ({
        value: min + index,
        key: String(min + index),
      }));
    }
    case 'enum':
      if (spec.values.length >= maxKeys) return [];
      return spec.values.map((value, index) => ({ value, key: String(index + 1) }));
    default:
      return [];
  }
}

/** What a key does: an answer, or to skip or to undo; undefined: nothing. */
export function keyMeaning(
  key: string,
  answers: readonly KeyedAnswer[],
): { readonly value: Answer } | 'skip' | 'undo' | undefined {
  const pressed = key.toLowerCase();
  const found = answers.find((answer) => answer.key === pressed);
  if (found) return { value: found.value };
  if (pressed === 's' || pressed === 'arrowright') return 'skip';
  return pressed === 'u' || pressed === 'backspace' || pressed === 'arrowleft' ? 'undo' : undefined;
}
