import type { WindowCamera } from '../../../src/contract/window.ts';
import type { WindowRule } from '../../../src/contract/window-rules.ts';
import type { Format } from '../format.ts';
import type { Texts } from '../text/en.ts';
import { answerText, wordsOf } from '../words-of.ts';

type Condition = WindowRule['when'];

/** A rule as a sentence in the reader's language. */
export function ruleSentence(
  { when, agree: { votes, of }, hold_s }: WindowRule,
  questions: WindowCamera['questions'],
  texts: Texts,
  format: Format,
): string {
  const says = texts.rules;
  const agree = of === 1 ? '' : says.agree(format.number(votes), format.number(of));
  const hold = hold_s === 0 ? '' : says.hold(format.duration(hold_s * 1000));
  return says.sentence(conditionText(when, questions, texts, format), agree, hold);
}

function conditionText(
  condition: Condition,
  questions: WindowCamera['questions'],
  texts: Texts,
  format: Format,
): string {
  const says = texts.rules;
  const inWords = (part: Condition): string => conditionText(part, questions, texts, format);
  switch (condition.kind) {
    case 'compare': {
      const { question, is, value } = condition;
      const name = questions[question]?.name ?? wordsOf(question);
      return says.is[is](name, answerText(value, texts, format));
    }
    case 'not':
      return says.not(inWords(condition.of));
    default: {
      // What is nested needs its brackets.
      const parts = condition.of.map((part) =>
        part.kind === 'all' || part.kind === 'any' ? `(${inWords(part)})` : inWords(part),
      );
      return parts.join(says[condition.kind]);
    }
  }
}
