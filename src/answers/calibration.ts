import type { Calibration } from '../domain/calibration.ts';
import { brierScore, type Forecast } from './scores.ts';

/** Fewer labels, or fewer of the rarer kind, say too little. */
const minForecasts = 40;
const minOfEachKind = 8;
const minForIsotonic = 200;
const folds = 5;
/**
 * By how much a calibration must lower the Brier score of forecasts that it was not fitted to: by this, or by this share of it,
 * as where hardly an answer is wrong there is less to gain.
 */
const minGain = 0.002;
const minGainShare = 0.1;

/** The calibrated confidence, 0 to 1. */
export function calibrated(calibration: Calibration, confidence: number): number {
  if (calibration.method === 'platt')
    return sigmoid(calibration.slope * logit(confidence) + calibration.offset);
  const { points } = calibration;
  const above = points.findIndex((point) => point.confidence >= confidence);
  if (above === 0) return points[0]!.calibrated;
  if (above === -1) return points.at(-1)!.calibrated;
  const [low, high] = [points[above - 1]!, points[above]!];
  const share = (confidence - low.confidence) / (high.confidence - low.confidence);
  return low.calibrated + share * (high.calibrated - low.calibrated);
}

export function calibratedForecasts(calibration: Calibration, forecasts: readonly Forecast[]): Forecast[] {
  return forecasts.map(({ confidence, isRight }) => ({
    confidence: calibrated(calibration, confidence),
    isRight,
  }));
}

export interface FittedCalibration {
  readonly calibration: Calibration;
  /** The forecasts as a calibration gives them that was not fitted to them. */
  readonly unseen: readonly Forecast[];
}

/**
 * The calibration that does best on forecasts that it was not fitted to (five-fold cross-validation, Brier score); null if
 * none helps, or there are too few labels.
 * @param forecasts in the order in which they were collected
 */
export function fitCalibration(forecasts: readonly Forecast[]): FittedCalibration | null {
  const right = forecasts.filter(({ isRight }) => isRight).length;
  if (forecasts.length < minForecasts || Math.min(right, forecasts.length - right) < minOfEachKind)
    return null;
  const fits = forecasts.length < minForIsotonic ? [fitPlatt] : [fitPlatt, fitIsotonic];
  let best: { readonly fit: typeof fitPlatt; readonly unseen: readonly Forecast[] } | null = null;
  const score = brierScore(forecasts);
  let bestScore = score - Math.min(minGain, score * minGainShare);
  for (const fit of fits) {
    const unseen = crossValidated(forecasts, fit);
    const fitted = brierScore(unseen);
    if (fitted < bestScore) [best, bestScore] = [{ fit, unseen }, fitted];
  }
  return best && { calibration: best.fit(forecasts), unseen: best.unseen };
}

/** Each forecast as a calibration gives it that was not fitted to it: five-fold cross-validation. */
function crossValidated(
  forecasts: readonly Forecast[],
  fitTo: (forecasts: readonly Forecast[]) => Calibration,
): Forecast[] {
  // Neighbours in time show nearly the same picture: they must not be on both sides, so the folds are whole stretches.
  const foldOf = (index: number): number => Math.floor((index * folds) / forecasts.length);
  return Array.from({ length: folds }, (_, fold) => {
    const calibration = fitTo(forecasts.filter((_, index) => foldOf(index) !== fold));
    return calibratedForecasts(
      calibration,
      forecasts.filter((_, index) => foldOf(index) === fold),
    );
  }).flat();
}

/**
 * Logistic regression on the confidence's logit by Newton's method, with Platt's smoothed targets.
 * (Platt 1999; Lin, Lin and Weng 2007)
 */
export function fitPlatt(forecasts: readonly Forecast[]): Calibration {
  const right = forecasts.filter(({ isRight }) => isRight).length;
  const wrong = forecasts.length - right;
  const samples = forecasts.map(({ confidence, isRight }) => ({
    x: logit(confidence),
    target: isRight ? (right + 1) / (right + 2) : 1 / (wrong + 2),
  }));
  let [slope, offset] = [0, Math.log((right + 1) / (wrong + 1))];
  let loss = logLoss(samples, slope, offset);
  for (let iteration = 0; iteration < 100; iteration++) {
    // The small ridge keeps the Hessian invertible where all confidences are equal.
    let [h11, h22, h12, g1, g2] = [1e-9, 1e-9, 0, 0, 0];
    for (const { x, target } of samples) {
      const p = sigmoid(slope * x + offset);
      const weight = p * (1 - p);
      h11 += x * x * weight;
      h22 += weight;
      h12 += x * weight;
      g1 += x * (p - target);
      g2 += p - target;
    }
    if (Math.abs(g1) < 1e-6 && Math.abs(g2) < 1e-6) break;
    const determinant = h11 * h22 - h12 ** 2;
    const slopeStep = -(h22 * g1 - h12 * g2) / determinant;
    const offsetStep = -(h11 * g2 - h12 * g1) / determinant;
    const next = lineSearch(samples, { slope, offset, slopeStep, offsetStep, loss });
    if (!next) break;
    ({ slope, offset, loss } = next);
  }
  // A falling line would call the surest answers the worst: then only the rate of right answers is known.
  return slope > 0
    ? { method: 'platt', slope, offset }
    : { method: 'platt', slope: 0, offset: Math.log((right + 1) / (wrong + 1)) };
}

interface Sample {
  readonly x: number;
  readonly target: number;
}

interface Fit {
  readonly slope: number;
  readonly offset: number;
  readonly loss: number;
}

/** Halves the step until it lowers the loss; null: it is at the minimum. */
function lineSearch(
  samples: readonly Sample[],
  from: Fit & { readonly slopeStep: number; readonly offsetStep: number },
): Fit | null {
  for (let step = 1; step > 1e-10; step /= 2) {
    const slope = from.slope + step * from.slopeStep;
    const offset = from.offset + step * from.offsetStep;
    const loss = logLoss(samples, slope, offset);
    if (loss < from.loss) return { slope, offset, loss };
  }
  return null;
}

function logLoss(samples: readonly Sample[], slope: number, offset: number): number {
  // log(1 + exp(z)) - target z, without overflow.
  return samples.reduce((sum, { x, target }) => {
    const z = slope * x + offset;
    return sum + Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z;
  }, 0);
}

/** The rising step function with the least squared error, by pooling adjacent violators. (Ayer et al. 1955) */
export function fitIsotonic(forecasts: readonly Forecast[]): Calibration {
  const pools: { confidences: number[]; right: number }[] = [];
  const rate = ({ confidences, right }: (typeof pools)[number]): number => right / confidences.length;
  for (const { confidence, isRight } of forecasts.toSorted((a, b) => a.confidence - b.confidence)) {
    pools.push({ confidences: [confidence], right: Number(isRight) });
    while (pools.length > 1) {
      const [before, last] = [pools.at(-2)!, pools.at(-1)!];
      const areApart = before.confidences.at(-1)! < last.confidences[0]!;
      if (areApart && rate(before) < rate(last)) break;
      pools.splice(-2, 2, {
        confidences: [...before.confidences, ...last.confidences],
        right: before.right + last.right,
      });
    }
  }
  const points = pools.map((pool) => ({
    confidence: pool.confidences.reduce((sum, confidence) => sum + confidence, 0) / pool.confidences.length,
    // Never quite sure: as if one more of each kind had been seen.
    calibrated: (pool.right + 1) / (pool.confidences.length + 2),
  }));
  return { method: 'isotonic', points: rising(points) };
}

/** The smoothing of small pools can break the order at the ends. */
function rising<Point extends { readonly calibrated: number }>(points: readonly Point[]): Point[] {
  let max = 0;
  return points.map((point) => {
    max = Math.max(max, point.calibrated);
    return { ...point, calibrated: max };
  });
}

function logit(probability: number): number {
  const bounded = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(bounded / (1 - bounded));
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
