import type { CameraConfig, Config } from '../config/schema.ts';
import { maxAskLength, questionsOf } from '../contract/questions.ts';
import { comparisonQuestion } from '../domain/change-question.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import type { Size } from '../domain/frame.ts';
import { promptIn, questionIn } from '../domain/language.ts';
import { answeringRole, describingRole, type ModelRole } from '../domain/model-role.ts';
import type { Question } from '../domain/observation.ts';

/** The pictures, prompts and questions to plan for. */
export interface EngineJob {
  readonly pictureSizes: readonly Size[];
  readonly prompts: readonly string[];
  /** For each camera, the questions about one picture. */
  readonly questions: readonly (readonly PlannedQuestion[])[];
}

interface PlannedQuestion extends Question {
  /** Tokens of words that are not known yet, in addition to those of `ask`. */
  readonly unknownTokens?: number;
  /** The camera's earlier picture is shown with it, if the model takes several pictures. */
  readonly showsEarlier?: boolean;
}

/** For pictures of unknown size; LLaVA's cost depends on the shape. */
export const usualSizes: readonly Size[] = [
  { width: 1280, height: 720 },
  { width: 640, height: 480 },
  { width: 720, height: 1280 },
  { width: 480, height: 640 },
  { width: 1000, height: 1000 },
];

/** The job without a config. */
export const usualJob: EngineJob = {
  pictureSizes: usualSizes,
  prompts: [defaultPrompt],
  questions: [[]],
};

/**
 * The longest question over MQTT. A model with a small vocabulary takes a token for each letter; more are taken for scripts
 * that it hardly knows, and the engine refuses a question that has no room.
 */
const maxAskedQuestion: PlannedQuestion = { name: 'asked', ask: '', unknownTokens: maxAskLength };
/** What has changed is asked after a description, and contains the last one. They seldom have more tokens than this together. */
const maxChangeQuestion: PlannedQuestion = {
  name: 'change',
  // The longer one of the two ways to ask it.
  ask: comparisonQuestion(''),
  unknownTokens: 512,
  showsEarlier: true,
};
/** A prompt for the images of other boards and programs may be about a page long. */
const pageOfWords = 'words '.repeat(400);

/**
 * The job of a config's cameras, the commands that it allows, and the pool and programs that it describes for.
 * @param role that of one of two models; null: one does everything
 */
export function jobOf(
  {
    cameras,
    prompts,
    language,
    mqtt,
    work,
    serve,
  }: Pick<Config, 'cameras' | 'prompts' | 'language' | 'mqtt' | 'work' | 'serve'>,
  role: ModelRole | null = null,
): EngineJob {
  const each = Object.values(cameras);
  const does = (wanted: ModelRole): boolean => role === null || role === wanted;
  const describes = each.some(({ model }) => does(model ?? describingRole));
  const forOthers = (work.pool !== null || serve.listen !== null) && does(describingRole);
  const asked = questionIn(language, maxAskedQuestion);
  return {
    pictureSizes: [...each.flatMap(pictureSizesOf), ...(forOthers ? usualSizes : [])],
    prompts: [
      // Commands may choose any of them.
      ...(describes ? new Set(Object.values(prompts).map((prompt) => promptIn(language, prompt))) : []),
      ...(forOthers ? [pageOfWords] : []),
    ],
    questions: [
      ...each.map(({ questions }) => [
        ...questionsOf(questions)
          .filter(({ model }) => does(model ?? answeringRole))
          .map((question) => questionIn(language, question)),
        ...(mqtt.commands.ask ? [asked] : []),
      ]),
      ...(each.some(({ change, model }) => change && does(model ?? describingRole))
        ? [[{ ...maxChangeQuestion, ask: promptIn(language, maxChangeQuestion.ask) }]]
        : []),
      ...(forOthers ? [[asked]] : []),
    ],
  };
}

function pictureSizesOf({ source }: CameraConfig): readonly Size[] {
  if (source.type === 'still' || source.type === 'http' || source.type === 'ffmpeg') return usualSizes;
  const size = source.size ?? { width: 1280, height: 720 };
  const isTurned = source.type === 'v4l2' && source.rotation % 180 !== 0;
  return [isTurned ? { width: size.height, height: size.width } : size];
}
