import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabelledAnswer } from '../answers/answer-report.ts';
import { readPicture } from '../camera/still.ts';
import { messageOf, ScenecastError } from '../domain/errors.ts';
import type { Size } from '../domain/frame.ts';
import type { Label, LabelledQuestion } from '../domain/label.ts';
import type { ModelIdentity } from '../domain/observation.ts';
import type { Describer } from '../pipeline/ports.ts';
import { setUpEngine } from '../setup/engine.ts';
import { usualSizes } from '../setup/job.ts';
import type { EvalSetting } from './eval-settings.ts';
import { withEngine } from './with-engine.ts';

/** A picture with its labels. */
export interface LabelledPicture {
  readonly path: string;
  readonly size: Size;
  readonly labels: readonly Label[];
}

/** The answers to one question of a camera. */
export interface JudgedQuestion {
  readonly camera: string;
  readonly question: LabelledQuestion;
  readonly judged: readonly LabelledAnswer[];
}

export interface SettingResult {
  readonly model: ModelIdentity;
  readonly pictures: number;
  /** Median, as the command sees it. */
  readonly secondsPerPicture: number;
  readonly questions: readonly JudgedQuestion[];
  /** Labels that do not fit their question's type any more. */
  readonly unfit: number;
}

/** The pictures of labels, by name, as collected ones are named by time; and those that cannot be read, each with a reason. */
export async function labelledPictures(
  folder: string,
  labels: readonly Label[],
): Promise<{ pictures: LabelledPicture[]; faults: string[] }> {
  const pictures: LabelledPicture[] = [];
  const faults: string[] = [];
  for (const [picture, its] of Map.groupBy(labels, (label) => label.picture))
    try {
      const path = join(folder, picture);
      // Of a pipe or device, the end may never come.
      if ((await stat(path).catch(() => null))?.isFile() === false)
        throw new ScenecastError(`${path}: is not a file`);
      pictures.push({ path, size: (await readPicture(path)).size, labels: its });
    } catch (error) {
      faults.push(messageOf(error));
    }
  return { pictures: pictures.toSorted((a, b) => (a.path < b.path ? -1 : 1)), faults };
}

/** Has a setting answer the questions about all pictures. Rejects with a ScenecastError. */
export async function runSetting(
  setting: EvalSetting,
  pictures: readonly LabelledPicture[],
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<SettingResult> {
  const { model, files, prompt } = setting;
  const job = {
    pictureSizes: [...usualSizes, ...different(pictures.map(({ size }) => size))],
    prompts: prompt === null ? [] : [prompt],
    questions: different(
      pictures.map(({ labels }) => labels.flatMap((label) => setting.questionOf(label) ?? [])),
    ),
  };
  const { options } = await setUpEngine(model, files, job, signal);
  return withEngine(options, model.deadline, signal, (engine) =>
    judgePictures(setting, pictures, engine, signal, onProgress),
  );
}

/** Most pictures have the same size and questions. */
function different<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

/** Like {@link runSetting}, with an engine that is loaded. */
export async function judgePictures(
  { prompt, questionOf }: Pick<EvalSetting, 'prompt' | 'questionOf'>,
  pictures: readonly LabelledPicture[],
  engine: Pick<Describer, 'describe'>,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<SettingResult> {
  const judged = new Map<string, { camera: string; question: LabelledQuestion; judged: LabelledAnswer[] }>();
  const times: number[] = [];
  let identity: ModelIdentity | null = null;
  let unfit = 0;
  for (const [index, { path, labels }] of pictures.entries()) {
    onProgress(index);
    const asked = labels.flatMap((label) => {
      const question = questionOf(label);
      return question ? [{ label, question }] : [];
    });
    unfit += labels.length - asked.length;
    if (asked.length === 0) continue;
    const picture = await readPicture(path);
    const questions = asked.map(({ question }) => question);
    // With a camera of its own, a picture has no earlier answers as drafts, which may be right or wrong.
    const frame = { id: String(index), camera: `picture-${index}` };
    const start = performance.now();
    const { answers, confidences, model } = await engine
      .describe({ picture, prompt, questions, frame }, signal)
      .catch((cause: unknown) => {
        signal.throwIfAborted();
        throw new ScenecastError(`${path}: ${messageOf(cause)}`, { cause });
      });
    times.push(performance.now() - start);
    identity = model;
    for (const { label, question } of asked) {
      const key = `${label.camera}/${question.name}`;
      const of = judged.get(key) ?? { camera: label.camera, question, judged: [] };
      judged.set(key, of);
      of.judged.push({
        picture: label.picture,
        truth: label.value!,
        answer: answers[question.name]!,
        confidence: confidences?.[question.name] ?? null,
      });
    }
  }
  if (!identity) throw new ScenecastError('no label fits the type that its question has now');
  return {
    model: identity,
    pictures: times.length,
    secondsPerPicture: medianOf(times) / 1000,
    questions: [...judged.values()],
    unfit,
  };
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
