import { expect, test } from 'vitest';
import { labelledValue } from '../../src/answers/labelled-value.ts';
import type { Verdict } from '../../src/domain/feedback.ts';
import type { LabelledType } from '../../src/domain/label.ts';
import type { Answer } from '../../src/domain/observation.ts';

const boolean: LabelledType = { kind: 'boolean' };
const few: LabelledType = { kind: 'integer', min: 4, max: 5 };
const many: LabelledType = { kind: 'integer', min: 0, max: 9 };
const colours: LabelledType = { kind: 'enum', values: ['red', 'green', 'blue'] };
const wrong: Verdict = { isRight: false };

test.each<[LabelledType, Answer, Verdict, Answer]>([
  [boolean, true, { isRight: true }, true],
  [boolean, true, wrong, false],
  [boolean, false, wrong, true],
  [few, 4, wrong, 5],
  [many, 3, { isRight: true }, 3],
  [many, 3, { value: 7 }, 7],
  [colours, 'red', { value: 'blue' }, 'blue'],
  [{ kind: 'enum', values: ['open', 'shut'] }, 'shut', wrong, 'open'],
])('%j, %j, %j: %j is right', (type, said, verdict, value) => {
  expect(labelledValue(type, said, verdict)).toBe(value);
});

test.each<[LabelledType, Answer, Verdict, string]>([
  [many, 3, wrong, 'right: false leaves several answers; send the right one as value'],
  [colours, 'red', wrong, 'right: false leaves several answers; send the right one as value'],
  [colours, 'red', { value: 'pink' }, 'value: "pink" is no answer of type enum'],
  [boolean, true, { value: 'yes' }, 'value: "yes" is no answer of type boolean'],
  [many, 1, { value: 1.5 }, 'value: 1.5 is no answer of type integer'],
])('%j, %j, %j: %s', (type, said, verdict, fault) => {
  expect(() => labelledValue(type, said, verdict)).toThrow(fault);
});
