import { expect, test } from 'vitest';
import { AnswerDrafts } from '../../../src/vision/prompt/answer-drafts.ts';

test('each camera has its own draft for each prompt, the latest one', () => {
  const drafts = new AnswerDrafts();
  drafts.set('porch', 'Describe.', Int32Array.of(1));
  drafts.set('porch', 'Is it open?', Int32Array.of(2));
  drafts.set('yard', 'Describe.', Int32Array.of(3));
  drafts.set('porch', 'Describe.', Int32Array.of(4, 5));
  expect(drafts.get('porch', 'Describe.')).toEqual(Int32Array.of(4, 5));
  expect(drafts.get('porch', 'Is it open?')).toEqual(Int32Array.of(2));
  expect(drafts.get('yard', 'Describe.')).toEqual(Int32Array.of(3));
  expect(drafts.get('yard', 'Is it open?')).toBeUndefined();
});

test('free questions without end do not fill the memory; what is used stays', () => {
  const drafts = new AnswerDrafts();
  drafts.set('porch', 'Describe.', Int32Array.of(0));
  for (let count = 0; count < 2500; count++) {
    drafts.set('porch', `Question ${count}?`, Int32Array.of(count));
    if (count % 500 === 0) drafts.set('porch', 'Describe.', Int32Array.of(count));
  }
  expect(drafts.get('porch', 'Question 1000?')).toBeUndefined();
  expect(drafts.get('porch', 'Question 2499?')).toEqual(Int32Array.of(2499));
  expect(drafts.get('porch', 'Describe.')).toEqual(Int32Array.of(2000));
});
