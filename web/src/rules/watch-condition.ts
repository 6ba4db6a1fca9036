import type { WindowCamera, WindowState } from '../../../src/contract/window.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { type Comparison, comparisons } from '../../../src/domain/rule.ts';
import type { Format } from '../format.ts';
import type { Texts } from '../text/en.ts';
import { answerText, wordsOf } from '../words-of.ts';

type When = WindowState['watches'][number]['when'];
type Spec = WindowCamera['questions'][string];

/** The comparisons that an answer to a question allows. */
export function comparisonsOf({ type }: Spec): readonly Comparison[] {
  if (type === 'integer') return ['>=', '<=', '==', '!='];
  return type === 'enum' ? ['==', '!='] : ['=='];
}

/** The answers to choose from; empty: a number is typed. */
export function choicesOf(spec: Spec): readonly Answer[] {
  if (spec.type === 'boolean') return [true, false];
  return spec.type === 'enum' ? spec.values : [];
}

/** Whether a condition can be made of a question. */
export function canBeWatched({ type }: Spec): boolean {
  return type === 'boolean' || type === 'integer' || type === 'enum';
}

const pattern = new RegExp(`^([\\w-]+)\\s*(${comparisons.join('|')})\\s*(.+)$`);

/** What a watch waits for, in words; what is more than one comparison as it is written. */
export function watchText(
  when: When,
  camera: Pick<WindowCamera, 'questions' | 'rule_specs'> | undefined,
  texts: Texts,
  format: Format,
): string {
  if (typeof when !== 'string') return JSON.stringify(when);
  const spec = camera?.questions[when];
  const nameOf = (question: string): string => camera?.questions[question]?.name ?? wordsOf(question);
  if (spec) return texts.rules.is['=='](nameOf(when), texts.now.yes);
  const rule = camera?.rule_specs[when];
  if (rule) return texts.watch.rule(rule.name ?? wordsOf(when));
  const [, question, is, value] = pattern.exec(when.trim()) ?? [];
  if (question === undefined || is === undefined || value === undefined) return when;
  return texts.rules.is[is as Comparison](nameOf(question), answerText(answerOf(value), texts, format));
}

function answerOf(text: string): Answer {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+$/.test(text) ? Number(text) : text;
}
