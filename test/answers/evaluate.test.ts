import { describe, expect, test } from 'vitest';
import { type CertainAnswers, evaluate, type Verdict } from '../../src/answers/evaluate.ts';
import type { Condition } from '../../src/domain/rule.ts';

const is = (question: string, value: boolean | number | string = true): Condition => ({
  ...{ kind: 'compare', question, is: '==', value },
});
const isNot = (of: Condition): Condition => ({ kind: 'not', of });
const all = (...of: Condition[]): Condition => ({ kind: 'all', of });
const any = (...of: Condition[]): Condition => ({ kind: 'any', of });

/** t: true, f: false, both with the confidence that follows; u is uncertain. */
const answers: CertainAnswers = {
  t9: { value: true, confidence: 0.9 },
  t6: { value: true, confidence: 0.6 },
  f8: { value: false, confidence: 0.8 },
  f7: { value: false, confidence: 0.7 },
  plain: { value: true, confidence: null },
  people: { value: 4, confidence: 0.5 },
  colour: { value: 'red', confidence: 0.4 },
};
const yes = (confidence: number | null): Verdict => ({ value: true, confidence });
const no = (confidence: number | null): Verdict => ({ value: false, confidence });
const undecided: Verdict = { value: null, confidence: null };

describe('a condition of one look', () => {
  test.each<[string, Condition, Verdict]>([
    ['a boolean', is('t9'), yes(0.9)],
    ['the opposite of an answer is as sure', isNot(is('t9')), no(0.9)],
    ['an uncertain answer', is('u'), undecided],
    ['and its opposite', isNot(is('u')), undecided],
    ['all: as sure as the least sure', all(is('t9'), is('t6')), yes(0.6)],
    ['all: one that is false decides', all(is('t9'), is('f8'), is('u')), no(0.8)],
    ['all: the surest of those', all(is('f8'), is('f7')), no(0.8)],
    ['all: undecided while one may still be false', all(is('t9'), is('u')), undecided],
    ['any: one that is true decides', any(is('u'), is('t6'), is('f8')), yes(0.6)],
    ['any: the surest of those', any(is('t6'), is('t9')), yes(0.9)],
    ['any: none is true', any(is('f8'), is('f7')), no(0.7)],
    ['any: undecided while one may still be true', any(is('f8'), is('u')), undecided],
    ['nested', all(any(is('u'), is('t9')), isNot(is('f7'))), yes(0.7)],
    ['an answer without a confidence gives none', all(is('t9'), is('plain')), yes(null)],
    ['an enum', is('colour', 'red'), yes(0.4)],
    ['a number is no word', is('people', '4'), no(0.5)],
  ])('%s', (_what, condition, verdict) => {
    expect(evaluate(condition, answers)).toEqual(verdict);
  });

  test.each([
    ['<', 4, false],
    ['<', 5, true],
    ['<=', 4, true],
    ['<=', 3, false],
    ['>', 4, false],
    ['>', 3, true],
    ['>=', 4, true],
    ['>=', 5, false],
    ['!=', 4, false],
    ['!=', 5, true],
  ] as const)('4 %s %d is %s', (comparison, value, result) => {
    const condition: Condition = { kind: 'compare', question: 'people', is: comparison, value };
    expect(evaluate(condition, answers).value).toBe(result);
  });
});
