import { describe, expect, test } from 'vitest';
import { calibrated, fitCalibration, fitIsotonic, fitPlatt } from '../../src/answers/calibration.ts';
import { calibrationError, type Forecast } from '../../src/answers/scores.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';

/** Answers that are right as often as `truth` says of their confidence. */
function simulate(count: number, seed: number, truth: (confidence: number) => number): Forecast[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const confidence = 0.5 + random() / 2;
    return { confidence, isRight: random() < truth(confidence) };
  });
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const logit = (p: number): number => Math.log(p / (1 - p));
/** Says 0.99 where 0.76 are right. */
const overconfident = (confidence: number): number =>
  sigmoid(0.3 * logit(Math.min(confidence, 0.9999)) - 0.2);
/** Nearly all or hardly any: no line through the logits. */
const stepped = (confidence: number): number => (confidence < 0.75 ? 0.35 : 0.95);

describe('a model that is too sure of itself', () => {
  test.each([100, 1000])('is corrected by %d labels', (count) => {
    const { calibration } = fitCalibration(simulate(count, 1, overconfident))!;
    const unseen = simulate(5000, 2, overconfident);
    const mended = unseen.map(({ confidence, isRight }) => ({
      confidence: calibrated(calibration, confidence),
      isRight,
    }));
    expect(calibrationError(unseen)).toBeGreaterThan(0.15);
    expect(calibrationError(mended)).toBeLessThan(0.05);
  });

  test('Platt scaling finds the line that it was made with', () => {
    const { slope, offset } = fitPlatt(simulate(20_000, 3, overconfident)) as {
      slope: number;
      offset: number;
    };
    expect(slope).toBeCloseTo(0.3, 1);
    expect(offset).toBeCloseTo(-0.2, 1);
  });
});

test('a model that is hardly ever wrong, and not sure enough of it, is corrected', () => {
  const random = seededRandom(8);
  const rarelyWrong = (count: number): Forecast[] =>
    Array.from({ length: count }, () => ({ confidence: 0.92 + random() * 0.08, isRight: random() < 0.993 }));
  const { calibration } = fitCalibration(rarelyWrong(2000))!;
  const unseen = rarelyWrong(5000);
  expect(calibrationError(unseen)).toBeGreaterThan(0.02);
  const mended = unseen.map(({ confidence, isRight }) => ({
    confidence: calibrated(calibration, confidence),
    isRight,
  }));
  expect(calibrationError(mended)).toBeLessThan(0.005);
});

test('a step is fitted by the isotonic method', () => {
  const { calibration } = fitCalibration(simulate(2000, 4, stepped))!;
  expect(calibration.method).toBe('isotonic');
  expect(calibrated(calibration, 0.6)).toBeCloseTo(0.35, 1);
  expect(calibrated(calibration, 0.9)).toBeCloseTo(0.95, 1);
});

describe('no calibration', () => {
  test.each<[string, Forecast[]]>([
    ['of confidences that are right', simulate(2000, 5, (confidence) => confidence)],
    ['of few labels', simulate(39, 6, overconfident)],
    ['where hardly an answer is wrong', simulate(200, 7, () => 0.985)],
  ])('%s', (_what, forecasts) => {
    expect(fitCalibration(forecasts)).toBeNull();
  });
});

test.each([
  ['Platt', fitPlatt],
  ['isotonic', fitIsotonic],
])('%s never ranks a surer answer lower, and is never quite sure', (_name, fitTo) => {
  for (let seed = 0; seed < 50; seed++) {
    const truth = seed % 2 === 0 ? overconfident : (confidence: number): number => 1.2 - confidence;
    const calibration = fitTo(simulate(60, seed, truth));
    const curve = Array.from({ length: 101 }, (_, percent) => calibrated(calibration, percent / 100));
    expect(curve).toEqual(curve.toSorted((a, b) => a - b));
    expect(Math.min(...curve)).toBeGreaterThan(0);
    expect(Math.max(...curve)).toBeLessThan(1);
  }
});

test('all confidences equal: the rate of right answers', () => {
  const forecasts = Array.from({ length: 100 }, (_, at) => ({ confidence: 0.9, isRight: at % 4 !== 0 }));
  expect(calibrated(fitPlatt(forecasts), 0.9)).toBeCloseTo(0.75, 1);
  expect(calibrated(fitIsotonic(forecasts), 0.9)).toBeCloseTo(0.75, 1);
});
