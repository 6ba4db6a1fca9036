import { expect, test } from 'vitest';
import { judgeAnswers } from '../../src/answers/judge-answers.ts';
import type { GivenConfidence } from '../../src/domain/calibrate.ts';
import type { Question } from '../../src/domain/observation.ts';

const model = { name: 'm', quant: 'q', build: 'b' };
const open: Question = { name: 'open', ask: 'Is it open?', type: { kind: 'boolean' }, minConfidence: 0.6 };
const people: Question = { name: 'people', ask: 'How many?', type: { kind: 'integer', min: 0, max: 9 } };
const free: Question = { name: 'free', ask: 'What else?' };
const description = {
  model,
  answers: { open: true, people: 2, free: 'Nothing.' },
  confidences: { open: 0.59, people: 0.3 },
};
const uncalibrated = (): null => null;

test('an answer below the confidence of its question is uncertain; without a limit or a confidence, none is', () => {
  expect(judgeAnswers('porch', [open, people, free], description, uncalibrated)).toEqual({
    open: { value: null, confidence: 0.59, isCalibrated: false },
    people: { value: 2, confidence: 0.3, isCalibrated: false },
    free: { value: 'Nothing.', confidence: null, isCalibrated: false },
  });
  const sure = { ...description, confidences: { open: 0.6 } };
  expect(judgeAnswers('porch', [open], sure, uncalibrated)).toEqual({
    open: { value: true, confidence: 0.6, isCalibrated: false },
  });
  const elsewhere = { model, answers: description.answers };
  expect(judgeAnswers('porch', [open], elsewhere, uncalibrated)['open']).toMatchObject({ value: true });
});

test('the limit is compared with the calibrated confidence', () => {
  const asked: GivenConfidence[] = [];
  const calibrate = (given: GivenConfidence): number | null => {
    asked.push(given);
    return given.question === open ? 0.7 : null;
  };
  expect(judgeAnswers('porch', [open, people], description, calibrate)).toEqual({
    open: { value: true, confidence: 0.7, isCalibrated: true },
    people: { value: 2, confidence: 0.3, isCalibrated: false },
  });
  expect(asked).toEqual([
    { camera: 'porch', question: open, model, confidence: 0.59 },
    { camera: 'porch', question: people, model, confidence: 0.3 },
  ]);
});

test('a question that was not answered is left out', () => {
  expect(judgeAnswers('porch', [{ ...open, name: 'constructor' }], description, uncalibrated)).toEqual({});
});
