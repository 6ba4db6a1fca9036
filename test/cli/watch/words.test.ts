import { expect, test } from 'vitest';
import { ageWords, answerWords } from '../../../src/cli/watch/words.ts';
import { confidenceWord } from '../../../web/src/confidence-word.ts';
import { en } from '../../../web/src/text/en.ts';

test('the terminal says of each confidence what the window says', () => {
  const answer = { schema: 1, calibrated: false, reason: null, id: '', captured_at: '' } as const;
  for (let percent = 0; percent <= 100; percent++) {
    const confidence = percent / 100;
    const word = en.confidence.words[confidenceWord(confidence)];
    expect(answerWords('gate', { ...answer, value: true, confidence })).toBe(`gate: true (${word})`);
  }
});

test.each([
  ['11:59:59', '1 s'],
  ['11:01:00', '59 min'],
  ['00:00:00', '12 h'],
  ['12:00:05', '0 s'],
])('an age in words: %s', (time, words) => {
  expect(ageWords(`2026-11-30T${time}Z`, new Date('2026-11-30T12:00:00Z'))).toBe(words);
});
