import {
  type AnswerReport,
  answerReport,
  isRight,
  type LabelledAnswer,
} from '../../src/answers/answer-report.ts';
import { calibratedForecasts, fitCalibration } from '../../src/answers/calibration.ts';
import { auroc, brierSkill, calibrationError, type Forecast, refusing } from '../../src/answers/scores.ts';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { withEngine } from '../../src/cli/with-engine.ts';
import { modelSchema } from '../../src/config/schema.ts';
import { setUpEngine } from '../../src/setup/engine.ts';
import { usualSizes } from '../../src/setup/job.ts';
import { modelFilesOf } from '../../src/setup/model-files.ts';
import { type HeldOutScene, sceneOf } from './held-out-scenes.ts';
import { typedQuestions } from './typed-questions.ts';

/** What confidences must be worth, for each type of question. */
export const confidenceMarks = {
  auroc: 0.85,
  calibrationError: 0.05,
  brierSkill: 0.1,
  /** Of the wrong answers, by refusing a tenth of all. */
  refusedWrong: 0.5,
} as const;

/** The answers to one type of question, in the order of the scenes. */
export type AnswersByType = ReadonlyMap<string, readonly LabelledAnswer[]>;

/** Answers of a model to typed questions about drawn scenes, with their confidences. */
export async function answerScenes(
  scenes: readonly HeldOutScene[],
  modelPath: string | null,
  onProgress: (done: number) => void,
): Promise<AnswersByType> {
  const model = modelSchema.parse({ threads: 1, ...(modelPath === null ? {} : { path: modelPath }) });
  const byType = new Map<string, LabelledAnswer[]>();
  const { signal } = new AbortController();
  const asked = scenes.map((scene) => typedQuestions(sceneOf(scene)));
  const job = {
    pictureSizes: usualSizes,
    prompts: [],
    questions: asked.map((each) => each.map(({ question }) => question)),
  };
  const { options } = await setUpEngine(model, await modelFilesOf(model, process.cwd()), job);
  await withEngine(options, model.deadline, signal, async (engine) => {
    for (const [index, scene] of scenes.entries()) {
      const { seed, size, shapes } = scene;
      const picture = { size, bytes: await drawScene(sceneOf(scene)) };
      const questions = asked[index]!.map(({ question }) => question);
      const name = `${seed}-${shapes}`;
      const frame = { id: name, camera: `scene-${name}` };
      const { answers, confidences } = await engine.describe(
        { picture, prompt: null, questions, frame },
        signal,
      );
      for (const { question, truth } of asked[index]!) {
        const answer = { picture: name, truth, answer: answers[question.name]! };
        const of = byType.get(question.type.kind) ?? [];
        byType.set(question.type.kind, of);
        of.push({ ...answer, confidence: confidences?.[question.name] ?? null });
      }
      onProgress(index + 1);
    }
  });
  return byType;
}

/** What the confidences of one type of question are worth. */
export interface ConfidenceScore {
  readonly report: AnswerReport;
  readonly auroc: number;
  /** Of each half of the pictures, calibrated by the other. */
  readonly calibrationError: number;
  readonly brierSkill: number;
  readonly method: string;
  readonly refusedWrong: number;
}

export function confidenceScore(answers: readonly LabelledAnswer[]): ConfidenceScore {
  const forecasts = answers.map((each): Forecast => {
    if (each.confidence === null) throw new Error('an answer came without a confidence');
    return { confidence: each.confidence, isRight: isRight(each) };
  });
  // Pictures in order: none has answers in both halves but the one in the middle.
  const middle = Math.floor(forecasts.length / 2);
  const halves = [forecasts.slice(0, middle), forecasts.slice(middle)] as const;
  const fits = halves.map(fitCalibration);
  const calibrated = halves.flatMap((half, index) => {
    const byOther = fits[1 - index];
    return byOther ? calibratedForecasts(byOther.calibration, half) : half;
  });
  return {
    report: answerReport(answers),
    auroc: auroc(forecasts),
    calibrationError: calibrationError(calibrated),
    brierSkill: brierSkill(calibrated),
    method: fits.map((fit) => fit?.calibration.method ?? 'none').join(', '),
    refusedWrong: refusing(forecasts, 0.1).refusedWrong,
  };
}

/** One line for each missed mark. */
export function confidenceShortfalls(scores: ReadonlyMap<string, ConfidenceScore>): string[] {
  return [...scores].flatMap(([type, score]) => [
    ...below(`${type}: AUROC`, score.auroc, confidenceMarks.auroc),
    ...below(`${type}: Brier skill`, score.brierSkill, confidenceMarks.brierSkill),
    ...below(`${type}: share of wrong answers refused`, score.refusedWrong, confidenceMarks.refusedWrong),
    ...(score.calibrationError <= confidenceMarks.calibrationError
      ? []
      : [
          `${type}: calibration error ${score.calibrationError.toFixed(3)} is above ${confidenceMarks.calibrationError}`,
        ]),
  ]);
}

function below(what: string, value: number, mark: number): string[] {
  return value >= mark ? [] : [`${what} ${value.toFixed(3)} is below ${mark}`];
}

export function confidenceTable(scores: ReadonlyMap<string, ConfidenceScore>): string {
  const head = ['type', 'right', 'AUROC', 'error', 'skill', 'calibration', 'wrong refused'];
  const rows = [...scores].map(([type, { report, ...score }]) => [
    type,
    `${report.right}/${report.count}`,
    score.auroc.toFixed(3),
    score.calibrationError.toFixed(3),
    score.brierSkill.toFixed(3),
    score.method,
    `${(score.refusedWrong * 100).toFixed(0)} %`,
  ]);
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell) => cell.padEnd(20))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}
