import { describe, expect, test } from 'vitest';
import { answerReport, compareSettings, type LabelledAnswer } from '../../src/answers/answer-report.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';

const judged = (truth: boolean, answer: boolean, confidence: number | null = 0.9): LabelledAnswer => ({
  ...{ picture: '1.jpg', truth, answer, confidence },
});

test('accuracy has an interval, and confusions are counted', () => {
  const report = answerReport([
    ...Array.from({ length: 6 }, () => judged(true, true)),
    ...Array.from({ length: 3 }, () => judged(false, true)),
    judged(true, false),
  ]);
  expect(report).toMatchObject({ count: 10, right: 6 });
  expect(report.interval[0]).toBeCloseTo(0.3127, 3);
  expect(report.interval[1]).toBeCloseTo(0.8318, 3);
  expect(report.confusion).toEqual([
    { truth: true, answer: true, count: 6 },
    { truth: false, answer: true, count: 3 },
    { truth: true, answer: false, count: 1 },
  ]);
});

test('one answer without a confidence: nothing is said of confidences', () => {
  expect(answerReport([judged(true, true), judged(true, true, null)]).confidence).toBeNull();
});

test('the reported calibration is judged on answers that it was not fitted to', () => {
  const random = seededRandom(1);
  // Always nearly sure, and right three times of four.
  const answers = Array.from({ length: 1000 }, () => judged(true, random() < 0.75, 0.9 + random() / 10));
  const { brier, calibrationError, calibrated } = answerReport(answers).confidence!;
  expect(calibrationError).toBeGreaterThan(0.15);
  expect(calibrated!.calibrationError).toBeLessThan(0.05);
  expect(calibrated!.brier).toBeLessThan(brier);
});

test('refusing the least sure tenth is worth what it refuses of the wrong answers', () => {
  const sure = Array.from({ length: 90 }, (_, at) => judged(true, at > 0, 0.9 + at / 1000));
  const unsure = Array.from({ length: 10 }, (_, at) => judged(true, at > 2, 0.6 + at / 100));
  const { refusal } = answerReport([...sure, ...unsure]).confidence!;
  expect(refusal).toEqual({ minConfidence: 0.9, refused: 0.1, refusedWrong: 0.75 });
});

describe('two settings', () => {
  /** Two settings on 100 pictures, right with these probabilities; hard pictures are hard for both. */
  const compare = (seed: number, first: number, second: number) => {
    const random = seededRandom(seed);
    const pairs = Array.from({ length: 100 }, () => {
      const shared = random() < 0.5 ? random() : null;
      const answer = (rate: number): LabelledAnswer => judged(true, (shared ?? random()) < rate);
      return [answer(first), answer(second)] as const;
    });
    return compareSettings(pairs);
  };
  const called = (first: number, second: number): number => {
    const seeds = Array.from({ length: 1000 }, (_, seed) => seed);
    return seeds.filter((seed) => compare(seed, first, second).better !== null).length / seeds.length;
  };

  test('equal ones are called different in fewer than one of twenty repetitions', () => {
    expect(called(0.9, 0.9)).toBeLessThan(0.05);
    expect(called(0.6, 0.6)).toBeLessThan(0.05);
  });

  test('a much worse one is found, and named', () => {
    expect(called(0.95, 0.7)).toBeGreaterThan(0.97);
    expect(compare(1, 0.95, 0.7).better).toBe('first');
    expect(compare(1, 0.7, 0.95).better).toBe('second');
  });

  test('the counts of pictures add up', () => {
    const { bothRight, bothWrong, onlyFirstRight, onlySecondRight } = compare(2, 0.8, 0.6);
    expect(bothRight + bothWrong + onlyFirstRight + onlySecondRight).toBe(100);
  });
});
