import type { AnswerReport, ConfidenceReport, SettingsComparison } from '../answers/answer-report.ts';
import type { LabelledQuestion } from '../domain/label.ts';
import type { Answer, ModelIdentity } from '../domain/observation.ts';
import type { JudgedQuestion, SettingResult } from './eval-run.ts';
import { markdownTable } from './markdown-table.ts';

/** A question of a camera, with how good its answers are. */
export interface ReportedQuestion extends JudgedQuestion {
  readonly report: AnswerReport;
}

/** What one setting did. */
export interface ReportedSetting extends Omit<SettingResult, 'questions'> {
  readonly questions: readonly ReportedQuestion[];
}

export interface EvalReport {
  /** One, or two that are compared. */
  readonly settings: readonly ReportedSetting[];
  /** By question, of two settings. */
  readonly comparisons: readonly {
    readonly camera: string;
    readonly question: string;
    readonly comparison: SettingsComparison;
  }[];
}

/** The report as Markdown. */
export function evalText({ settings, comparisons }: EvalReport): string {
  const names = settings.length > 1 ? ['first', 'second'] : [null];
  return [
    ...settings.map((setting, index) => settingText(setting, names[index] ?? null)),
    ...comparisons.map(({ camera, question, comparison }) =>
      comparisonText(`${camera}/${question}`, comparison),
    ),
  ].join('\n\n');
}

function settingText(
  { model, pictures, secondsPerPicture, questions }: ReportedSetting,
  name: string | null,
) {
  const head = `${name === null ? '' : `${name}: `}${modelText(model)}, ${pictures} pictures, ${secondsPerPicture.toFixed(2)} s each`;
  const rows = questions.map(({ camera, question, report }) => [
    camera,
    question.name,
    question.ask.replaceAll(/\s+/g, ' '),
    ...scoreCells(report),
  ]);
  const columns = [
    'camera',
    'question',
    'asked',
    'right',
    'accuracy',
    '95 % interval',
    'Brier',
    'AUROC',
    'error',
  ];
  const table = markdownTable(columns, rows, 3);
  return [head, table, ...questions.map(detailsText)].join('\n\n');
}

function scoreCells({ count, right, interval: [low, high], confidence }: AnswerReport): string[] {
  const figures = confidence
    ? [confidence.brier, confidence.auroc, confidence.calibrationError].map(figure)
    : ['-', '-', '-'];
  return [`${right} of ${count}`, percent(right / count), `${percent(low)} to ${percent(high)}`, ...figures];
}

function detailsText({ camera, question, report }: ReportedQuestion): string {
  const lines = report.confidence ? confidenceLines(report.confidence) : [];
  return [`${camera}/${question.name}`, confusionTable(question, report), ...lines].join('\n');
}

/** A row for each right answer, a column for each answer that was given. */
function confusionTable({ type }: LabelledQuestion, { confusion }: AnswerReport): string {
  const order = (a: Answer, b: Answer): number => orderOf(type, a) - orderOf(type, b);
  const truths = [...new Set(confusion.map(({ truth }) => truth))].toSorted(order);
  const answers = [...new Set(confusion.map(({ answer }) => answer))].toSorted(order);
  const countOf = (truth: Answer, answer: Answer): number =>
    confusion.find((cell) => cell.truth === truth && cell.answer === answer)?.count ?? 0;
  return markdownTable(
    ['right answer', ...answers.map((answer) => `said ${answerText(answer)}`)],
    truths.map((truth) => [answerText(truth), ...answers.map((answer) => String(countOf(truth, answer)))]),
    1,
  );
}

function orderOf(type: LabelledQuestion['type'], answer: Answer): number {
  if (type.kind === 'enum') return type.values.indexOf(String(answer));
  return type.kind === 'boolean' ? Number(!answer) : Number(answer);
}

function confidenceLines({ brier, calibrationError, refusal, calibrated }: ConfidenceReport): string[] {
  const { minConfidence, refused, refusedWrong } = refusal;
  return [
    calibrated
      ? `Calibrated (${calibrated.calibration.method}, cross-validated), the error of the confidence is ${figure(calibrated.calibrationError)} in place of ${figure(calibrationError)}, the Brier score ${figure(calibrated.brier)} in place of ${figure(brier)}.`
      : 'No calibration: it takes 40 labels with 8 right and 8 wrong answers, and must help.',
    ...(refused > 0 && refusedWrong > 0
      ? [
          `min_confidence: ${minConfidence.toFixed(2)} would refuse ${percent(refused)} of the answers, and ${percent(refusedWrong)} of the wrong ones.`,
        ]
      : []),
  ];
}

function comparisonText(name: string, comparison: SettingsComparison): string {
  const { bothRight, bothWrong, onlyFirstRight, onlySecondRight, p, better } = comparison;
  const verdict =
    better === null ? 'the difference may be chance. More labels would tell' : `the ${better} is better`;
  return [
    `${name}: both are right on ${bothRight}, both wrong on ${bothWrong}, only the first is right on ${onlyFirstRight}, only the second on ${onlySecondRight}.`,
    `Equally good settings differ as much with a probability of ${p < 0.0001 ? 'less than 0.0001' : p.toFixed(4)}: ${verdict}.`,
  ].join('\n');
}

function modelText({ name, quant }: ModelIdentity): string {
  return `${name} ${quant}`;
}

export function answerText(answer: Answer): string {
  return typeof answer === 'boolean' ? (answer ? 'yes' : 'no') : String(answer);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `-` for what cannot be told, as all answers are right. */
function figure(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(3);
}
