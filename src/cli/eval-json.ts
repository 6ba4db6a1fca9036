import type { EvalReport, ReportedQuestion } from './eval-text.ts';

/** The report for programs: names as in MQTT payloads; shares from 0 to 1; null for what cannot be told. */
export function evalJson({ settings, comparisons }: EvalReport): object {
  return {
    settings: settings.map(({ model, pictures, secondsPerPicture, unfit, questions }) => ({
      model,
      pictures,
      seconds_per_picture: secondsPerPicture,
      labels_left_out: unfit,
      questions: questions.map(questionJson),
    })),
    comparisons: comparisons.map(({ camera, question, comparison }) => ({
      camera,
      question,
      both_right: comparison.bothRight,
      both_wrong: comparison.bothWrong,
      only_first_right: comparison.onlyFirstRight,
      only_second_right: comparison.onlySecondRight,
      p: comparison.p,
      better: comparison.better,
    })),
  };
}

function questionJson({ camera, question, report }: ReportedQuestion): object {
  const { count, right, interval, confusion, confidence } = report;
  const { kind, ...limits } = question.type;
  return {
    camera,
    question: question.name,
    ask: question.ask,
    type: kind,
    ...limits,
    labels: count,
    right,
    accuracy: right / count,
    interval,
    confusion,
    confidence: confidence && {
      brier: confidence.brier,
      brier_skill: numberOrNull(confidence.brierSkill),
      auroc: numberOrNull(confidence.auroc),
      calibration_error: confidence.calibrationError,
      reliability: confidence.bins,
      refusing: {
        min_confidence: confidence.refusal.minConfidence,
        refused: confidence.refusal.refused,
        refused_wrong: numberOrNull(confidence.refusal.refusedWrong),
      },
      calibrated: confidence.calibrated && {
        method: confidence.calibrated.calibration.method,
        brier: confidence.calibrated.brier,
        calibration_error: confidence.calibrated.calibrationError,
        reliability: confidence.calibrated.bins,
      },
    },
  };
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
