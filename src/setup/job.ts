import type { CameraConfig, Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import type { Size } from '../domain/frame.ts';
import type { Question } from '../domain/observation.ts';

/** What the engine will be asked. */
export interface EngineJob {
  readonly pictureSizes: readonly Size[];
  readonly prompts: readonly string[];
  readonly questions: readonly Question[];
}

/** Shapes that pictures of unknown size may have; LLaVA's cost follows the shape. */
export const usualSizes: readonly Size[] = [
  { width: 1280, height: 720 },
  { width: 640, height: 480 },
  { width: 720, height: 1280 },
  { width: 480, height: 640 },
  { width: 1000, height: 1000 },
];

/** Where no config says what will be asked. */
export const usualJob: EngineJob = {
  pictureSizes: usualSizes,
  prompts: ['Describe the scene.'],
  questions: [],
};

/** As long as a question over MQTT may be, in words of usual length. */
const longestAsked: Question = { name: 'asked', ask: 'word '.repeat(100) };
/** What images of other boards may be asked: about a page. */
const pageOfWords = 'words '.repeat(400);

/** The job of a config's cameras, of the commands it allows, and of the pool that it describes for. */
export function jobOf({
  cameras,
  prompts,
  mqtt,
  work,
}: Pick<Config, 'cameras' | 'prompts' | 'mqtt' | 'work'>): EngineJob {
  const each = Object.values(cameras);
  const forOthers = work.pool !== null;
  return {
    pictureSizes: [...each.flatMap(pictureSizesOf), ...(forOthers ? usualSizes : [])],
    // Commands may name any of them.
    prompts: [...new Set(Object.values(prompts)), ...(forOthers ? [pageOfWords] : [])],
    questions: [
      ...each.flatMap(({ questions }) => questionsOf(questions)),
      ...(mqtt.commands.ask ? [longestAsked] : []),
    ],
  };
}

function pictureSizesOf({ source }: CameraConfig): readonly Size[] {
  if (source.type === 'still' || source.type === 'ffmpeg') return usualSizes;
  const size = source.size ?? { width: 1280, height: 720 };
  const isTurned = source.type === 'v4l2' && source.rotation % 180 !== 0;
  return [isTurned ? { width: size.height, height: size.width } : size];
}
