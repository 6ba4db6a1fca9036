import type { Answer } from '../../src/domain/observation.ts';
import type { Format } from './format.ts';
import type { Texts } from './text/en.ts';

/** The name of a question that has none for people, as `gate_open`: "gate open". */
export function wordsOf(key: string): string {
  return key.replace(/[_-]+/g, ' ').trim() || key;
}

/** An answer in the reader's language; null: the model was unsure. */
export function answerText(value: Answer | null, { now }: Texts, format: Format): string {
  if (value === null) return now.unsure;
  if (typeof value === 'boolean') return value ? now.yes : now.no;
  return typeof value === 'number' ? format.number(value, 2) : value;
}
