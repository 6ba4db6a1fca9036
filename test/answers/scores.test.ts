import { describe, expect, test } from 'vitest';
import {
  auroc,
  brierScore,
  brierSkill,
  calibrationError,
  exactMcNemar,
  type Forecast,
  reliabilityBins,
  wilsonInterval,
} from '../../src/answers/scores.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';

const forecastsOf = (...pairs: (readonly [number, number])[]): Forecast[] =>
  pairs.map(([confidence, right]) => ({ confidence, isRight: right === 1 }));

test('the Brier score is the mean squared error', () => {
  expect(brierScore(forecastsOf([1, 1], [0.8, 1], [0.6, 0]))).toBeCloseTo((0 + 0.04 + 0.36) / 3);
});

test('always saying the base rate has no skill, and knowing has all', () => {
  expect(brierSkill(forecastsOf([0.75, 1], [0.75, 1], [0.75, 1], [0.75, 0]))).toBeCloseTo(0);
  expect(brierSkill(forecastsOf([1, 1], [0, 0]))).toBe(1);
});

describe('reliability', () => {
  const forecasts = forecastsOf([0.1, 0], [0.3, 1], [0.7, 1], [0.7, 0], [0.7, 1], [0.9, 1]);

  test('bins have equal counts, and equal confidences stay together', () => {
    expect(reliabilityBins(forecasts, 3)).toMatchObject([
      { count: 2, accuracy: 0.5 },
      { count: 3, accuracy: 2 / 3 },
      { count: 1, accuracy: 1 },
    ]);
  });

  test('the error is the mean distance, by count', () => {
    const expected = (2 * 0.3 + 3 * (0.7 - 2 / 3) + 0.1) / 6;
    expect(calibrationError(forecasts, 3)).toBeCloseTo(expected);
  });
});

describe('the area under the ROC curve', () => {
  test.each([
    ['all right ones above', forecastsOf([0.9, 1], [0.8, 1], [0.2, 0]), 1],
    ['all below', forecastsOf([0.1, 1], [0.8, 0]), 0],
    ['ties count half', forecastsOf([0.5, 1], [0.5, 0]), 0.5],
    ['three of four pairs', forecastsOf([0.9, 1], [0.4, 1], [0.6, 0], [0.1, 0]), 0.75],
  ])('%s', (_what, forecasts, area) => {
    expect(auroc(forecasts)).toBe(area);
  });
});

test.each([
  [8, 10, 0.4902, 0.9433],
  [0, 10, 0, 0.2775],
  [288, 300, 0.9314, 0.977],
])('the interval of %d of %d', (successes, count, low, high) => {
  const [from, to] = wilsonInterval(successes, count);
  expect(from).toBeCloseTo(low, 3);
  expect(to).toBeCloseTo(high, 3);
});

describe('the exact test of two settings', () => {
  test.each([
    [0, 0, 1],
    [1, 8, 20 / 512],
    [8, 1, 20 / 512],
    [5, 5, 1],
    [0, 6, 2 / 64],
    [600, 900, 0],
  ])('%d against %d', (onlyFirst, onlySecond, p) => {
    expect(exactMcNemar(onlyFirst, onlySecond)).toBeCloseTo(p, 6);
  });

  test('calls equal settings different in at most one run of twenty', () => {
    const random = seededRandom(3);
    let different = 0;
    for (let run = 0; run < 1000; run++) {
      const only = [0, 0];
      for (let picture = 0; picture < 100; picture++) {
        const [first, second] = [random() < 0.85, random() < 0.85];
        if (first !== second) only[first ? 0 : 1]!++;
      }
      if (exactMcNemar(only[0]!, only[1]!) < 0.05) different++;
    }
    expect(different).toBeLessThan(50);
  });
});
