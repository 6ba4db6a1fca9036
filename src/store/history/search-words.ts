import { createHash } from 'node:crypto';
import type { HistoryFilter } from '../../domain/history.ts';
import { type NumberedObservation, valuesOf } from './answer-runs.ts';

/** Begins a word that stands for a camera, question or answer: of the private use area, and taken out of all texts. */
const mark = '\uE000';

/** The tokenizer of the index. Marks are letters here, so that a word with one remains one word. */
export const tokenizer = "unicode61 remove_diacritics 2 categories 'L* N* M* Co'";

/**
 * What is indexed of an observation: the words of description and answers, and a word each for its camera, its questions
 * and its answers. With these the index does what would otherwise take further ones, whose pages each write would touch.
 */
export function wordsOf(recorded: Pick<NumberedObservation, 'observation' | 'uncertain'>): string {
  const { camera, description, answers } = recorded.observation;
  const texts = [description, ...Object.values(answers)].filter((value) => typeof value === 'string');
  return [
    texts.join(' ').normalize('NFC').replaceAll(mark, ' '),
    word('c', camera),
    ...valuesOf(recorded).flatMap(([question, value]) => [word('q', question), word('a', question, value)]),
  ].join(' ');
}

/** A filter as a query of FTS5, apart from its times; null: it has nothing to search for. */
export function matchOf({ camera, question, answer, text }: HistoryFilter): string | null {
  const words = [
    ...(camera === undefined ? [] : [`"${word('c', camera)}"`]),
    ...(question === undefined || answer !== undefined ? [] : [`"${word('q', question)}"`]),
    ...(question === undefined || answer === undefined ? [] : [`"${word('a', question, answer)}"`]),
    ...(text === undefined ? [] : searched(text)),
  ];
  return words.length === 0 ? null : words.join(' AND ');
}

/** Whether a text has a word to search for. */
export function hasWords(text: string): boolean {
  return searched(text).length > 0;
}

/** Only letters and digits get through, so that nothing in a text is an operator of FTS5. */
function searched(text: string): string[] {
  const found = text.normalize('NFC').matchAll(/([\p{L}\p{N}\p{M}]+)(\*?)/gu);
  return [...found].map(([, letters, star]) => `"${letters}"${star}`);
}

function word(kind: string, ...parts: readonly unknown[]): string {
  return mark + kind + createHash('sha1').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
