import { expect, test } from 'vitest';
import type { AnswerType } from '../../src/domain/observation.ts';
import { type Constraint, readAnswer } from '../../src/remote-engine/constrained-answer.ts';

const boolean: AnswerType = { kind: 'boolean' };
const integer: AnswerType = { kind: 'integer', min: -5, max: 20 };
const colour: AnswerType = { kind: 'enum', values: ['red', 'Sky Blue', 'no'] };
const short: AnswerType = { kind: 'string', maxLength: 5 };

test.each<[AnswerType, Constraint, string, unknown]>([
  [boolean, 'grammar', ' Yes', true],
  [boolean, 'schema', 'false', false],
  [boolean, 'schema', '"yes"', true],
  [boolean, 'words', 'No.', false],
  [boolean, 'words', '**Yes**', true],
  [integer, 'schema', '12', 12],
  [integer, 'words', '-3.', -3],
  [colour, 'schema', '"Sky Blue"', 'Sky Blue'],
  [colour, 'words', 'sky blue.', 'Sky Blue'],
  [colour, 'words', 'No', 'no'],
  [short, 'schema', '"a very long one"', 'a ver'],
  [short, 'words', 'cow', 'cow'],
])('of type %o by %s, %s is %s', (type, constraint, text, value) => {
  expect(readAnswer(type, constraint, text)).toBe(value);
});

test.each<[AnswerType, Constraint, string]>([
  [boolean, 'words', 'Yes, it is.'],
  [boolean, 'schema', '1'],
  [integer, 'words', 'three'],
  [integer, 'schema', '21'],
  [colour, 'schema', '"green"'],
  [colour, 'grammar', 'RED'],
])('of type %o by %s, %s is no answer', (type, constraint, text) => {
  expect(() => readAnswer(type, constraint, text)).toThrow(/is not a valid answer/);
});
