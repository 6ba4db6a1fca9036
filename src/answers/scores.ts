/** A forecast and what came true: the confidence of an answer, and whether it was right. */
export interface Forecast {
  /** 0 to 1. */
  readonly confidence: number;
  readonly isRight: boolean;
}

/** The mean squared error of the confidences: 0 is perfect, 0.25 is always saying 0.5. (Brier 1950) */
export function brierScore(forecasts: readonly Forecast[]): number {
  return mean(forecasts.map(({ confidence, isRight }) => (confidence - Number(isRight)) ** 2));
}

/** How much better than always saying the base rate: 1 is perfect, 0 no better. NaN if all are right or all wrong. */
export function brierSkill(forecasts: readonly Forecast[]): number {
  const rate = mean(forecasts.map(({ isRight }) => Number(isRight)));
  return 1 - brierScore(forecasts) / (rate * (1 - rate));
}

/** Answers of similar confidence. */
export interface ReliabilityBin {
  readonly count: number;
  /** Means. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** Forecasts by confidence in bins of equal counts, lowest first; equal confidences stay together. */
export function reliabilityBins(forecasts: readonly Forecast[], maxBins = 10): ReliabilityBin[] {
  const sorted = forecasts.toSorted((a, b) => a.confidence - b.confidence);
  const size = Math.max(1, Math.ceil(sorted.length / maxBins));
  const bins: Forecast[][] = [];
  for (const forecast of sorted) {
    const bin = bins.at(-1);
    if (bin && (bin.length < size || bin.at(-1)!.confidence === forecast.confidence)) bin.push(forecast);
    else bins.push([forecast]);
  }
  return bins.map((bin) => ({
    count: bin.length,
    confidence: mean(bin.map(({ confidence }) => confidence)),
    accuracy: mean(bin.map(({ isRight }) => Number(isRight))),
  }));
}

/** Expected calibration error: the mean distance of confidence and accuracy, over bins of equal counts. */
export function calibrationError(forecasts: readonly Forecast[], maxBins = 10): number {
  const distances = reliabilityBins(forecasts, maxBins).map(
    ({ count, confidence, accuracy }) => count * Math.abs(confidence - accuracy),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / forecasts.length;
}

/**
 * The probability that a right answer has a higher confidence than a wrong one (ties count half): the area under the ROC
 * curve, by the Mann-Whitney statistic. NaN if all are right or all wrong.
 */
export function auroc(forecasts: readonly Forecast[]): number {
  const sorted = forecasts.toSorted((a, b) => a.confidence - b.confidence);
  let rankSum = 0;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]!.confidence === sorted[from]!.confidence) to++;
    const rank = (from + 1 + to) / 2;
    rankSum += rank * sorted.slice(from, to).filter(({ isRight }) => isRight).length;
    from = to;
  }
  const right = sorted.filter(({ isRight }) => isRight).length;
  return (rankSum - (right * (right + 1)) / 2) / (right * (sorted.length - right));
}

/** What refusing the least sure answers does. */
export interface Refusal {
  /** The `min_confidence` that refuses them. */
  readonly minConfidence: number;
  /** Of all answers; less than asked where many are equally sure. */
  readonly refused: number;
  /** Of the wrong answers; NaN if there are none. */
  readonly refusedWrong: number;
}

/** Refuses at most `share` of the answers, the least sure ones. */
export function refusing(forecasts: readonly Forecast[], share: number): Refusal {
  const sorted = forecasts.toSorted((a, b) => a.confidence - b.confidence);
  const minConfidence = sorted[Math.floor(share * sorted.length)]?.confidence ?? 0;
  const refused = sorted.filter(({ confidence }) => confidence < minConfidence);
  const wrong = sorted.filter(({ isRight }) => !isRight).length;
  return {
    minConfidence,
    refused: refused.length / forecasts.length,
    refusedWrong: refused.filter(({ isRight }) => !isRight).length / wrong,
  };
}

/** The 95 % interval of a proportion. (Wilson 1927) */
export function wilsonInterval(successes: number, count: number): readonly [number, number] {
  if (count === 0) return [0, 1];
  const z = 1.959964;
  const share = successes / count;
  const centre = (share + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const half =
    (z / (1 + z ** 2 / count)) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/**
 * The two-sided p-value that two settings are equally good, from the pictures that only one of them answered right: the exact
 * binomial form of McNemar's test.
 */
export function exactMcNemar(onlyFirst: number, onlySecond: number): number {
  const count = onlyFirst + onlySecond;
  let tail = 0;
  // In logarithms: 0.5 ** 1100 is 0 as a double.
  let logTerm = count * Math.log(0.5);
  for (let wins = 0; wins <= Math.min(onlyFirst, onlySecond); wins++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((count - wins) / (wins + 1));
  }
  return Math.min(1, 2 * tail);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
