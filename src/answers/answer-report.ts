import type { Calibration } from '../domain/calibration.ts';
import type { Answer } from '../domain/observation.ts';
import { fitCalibration } from './calibration.ts';
import {
  auroc,
  brierScore,
  brierSkill,
  calibrationError,
  exactMcNemar,
  type Forecast,
  type Refusal,
  type ReliabilityBin,
  refusing,
  reliabilityBins,
  wilsonInterval,
} from './scores.ts';

/** A model's answer to a question whose right answer is known. */
export interface LabelledAnswer {
  readonly picture: string;
  readonly truth: Answer;
  readonly answer: Answer;
  /** 0 to 1; null: the engine gives none. */
  readonly confidence: number | null;
}

/** How good the answers to one question are. */
export interface AnswerReport {
  readonly count: number;
  readonly right: number;
  /** 95 % interval of the accuracy. */
  readonly interval: readonly [low: number, high: number];
  /** How often each answer was given to each truth, most frequent first. */
  readonly confusion: readonly { readonly truth: Answer; readonly answer: Answer; readonly count: number }[];
  /** null: not all answers have a confidence. */
  readonly confidence: ConfidenceReport | null;
}

/** What the confidences are worth. */
export interface ConfidenceReport {
  readonly brier: number;
  /** NaN, like `auroc`, if all answers are right or all wrong. */
  readonly brierSkill: number;
  readonly auroc: number;
  readonly calibrationError: number;
  readonly bins: readonly ReliabilityBin[];
  /** Of refusing a tenth of the answers, by the calibrated confidence if there is one. */
  readonly refusal: Refusal;
  readonly calibrated: CalibratedReport | null;
}

/** The same of confidences as a calibration gives them that was not fitted to them. */
export interface CalibratedReport {
  readonly calibration: Calibration;
  readonly brier: number;
  readonly calibrationError: number;
  readonly bins: readonly ReliabilityBin[];
}

const refusedShare = 0.1;

/** @param judged in the order in which the pictures were taken; at least one */
export function answerReport(judged: readonly LabelledAnswer[]): AnswerReport {
  const right = judged.filter(isRight).length;
  const forecasts = judged.flatMap((each): Forecast[] =>
    each.confidence === null ? [] : [{ confidence: each.confidence, isRight: isRight(each) }],
  );
  return {
    count: judged.length,
    right,
    interval: wilsonInterval(right, judged.length),
    confusion: confusionOf(judged),
    confidence: forecasts.length < judged.length ? null : confidenceReport(forecasts),
  };
}

function confidenceReport(forecasts: readonly Forecast[]): ConfidenceReport {
  const fitted = fitCalibration(forecasts);
  return {
    brier: brierScore(forecasts),
    brierSkill: brierSkill(forecasts),
    auroc: auroc(forecasts),
    calibrationError: calibrationError(forecasts),
    bins: reliabilityBins(forecasts),
    refusal: refusing(fitted?.unseen ?? forecasts, refusedShare),
    calibrated: fitted && {
      calibration: fitted.calibration,
      brier: brierScore(fitted.unseen),
      calibrationError: calibrationError(fitted.unseen),
      bins: reliabilityBins(fitted.unseen),
    },
  };
}

/** Two settings on the same pictures. */
export interface SettingsComparison {
  readonly onlyFirstRight: number;
  readonly onlySecondRight: number;
  readonly bothRight: number;
  readonly bothWrong: number;
  /** Probability of a difference like this one between equally good settings: exact McNemar, two-sided. */
  readonly p: number;
  /** At the 5 % level; null: the difference may be chance. */
  readonly better: 'first' | 'second' | null;
}

const significance = 0.05;

/** @param pairs the answers of both settings to the same question about the same picture */
export function compareSettings(
  pairs: readonly (readonly [first: LabelledAnswer, second: LabelledAnswer])[],
): SettingsComparison {
  const count = (first: boolean, second: boolean): number =>
    pairs.filter((pair) => isRight(pair[0]) === first && isRight(pair[1]) === second).length;
  const onlyFirstRight = count(true, false);
  const onlySecondRight = count(false, true);
  const p = exactMcNemar(onlyFirstRight, onlySecondRight);
  const winner = onlyFirstRight > onlySecondRight ? 'first' : 'second';
  return {
    onlyFirstRight,
    onlySecondRight,
    bothRight: count(true, true),
    bothWrong: count(false, false),
    p,
    better: p < significance ? winner : null,
  };
}

export function isRight({ answer, truth }: LabelledAnswer): boolean {
  return answer === truth;
}

function confusionOf(judged: readonly LabelledAnswer[]): AnswerReport['confusion'] {
  const cells = new Map<string, { truth: Answer; answer: Answer; count: number }>();
  for (const { truth, answer } of judged) {
    const key = JSON.stringify([truth, answer]);
    const cell = cells.get(key) ?? { truth, answer, count: 0 };
    cells.set(key, { ...cell, count: cell.count + 1 });
  }
  return [...cells.values()].toSorted((a, b) => b.count - a.count);
}
