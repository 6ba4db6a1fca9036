import { hostname } from 'node:os';
import { z } from 'zod';
import { displayName } from '../contract/fields.ts';
import { standingQuestionSchema } from '../contract/questions.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import { modelDetails } from '../domain/detail.ts';
import { type ModelRole, modelRoles } from '../domain/model-role.ts';
import { cameraSource } from './camera-source-schema.ts';
import { collect } from './collect-schema.ts';
import { crossCheck } from './cross-check.ts';
import { engine } from './engine-schema.ts';
import { history } from './history-schema.ts';
import { hours, location } from './hours-schema.ts';
import { image } from './image-schema.ts';
import { language } from './language-schema.ts';
import { mqtt } from './mqtt-schema.ts';
import { rule } from './rule-schema.ts';
import { serve } from './serve-schema.ts';
import { store } from './store-schema.ts';
import { bytes, duration, name, path } from './units.ts';
import { web } from './web-schema.ts';
import { work } from './work-schema.ts';
import { zones } from './zones.ts';

const gate = z
  .strictObject({
    enabled: z.boolean().default(true).describe('false: every look is described'),
    sensitivity: z
      .number()
      .min(0)
      .max(100)
      .default(50)
      .describe(
        'Higher detects smaller and fainter changes; 50: 0.5 % of the picture by 8 of 255 grey levels',
      ),
    min_interval: duration
      .nullable()
      .default(null)
      .describe('Minimum time between two descriptions; null: the interval'),
    max_interval: duration
      .nullable()
      .prefault('10m')
      .describe('Maximum time between two descriptions of an unchanged scene; null: unlimited'),
    frozen_after: duration
      .nullable()
      .prefault('5m')
      .describe('The very same picture of a live camera for this long is a problem; null: never'),
    light_guard: z.boolean().default(true).describe('true: changes of the light (lamps, clouds) are ignored'),
    ignore: zones.prefault([]).describe('Zones whose changes are ignored'),
  })
  .refine(({ min_interval, max_interval }) => (min_interval ?? 0) <= (max_interval ?? Infinity), {
    path: ['max_interval'],
    error: 'must not be below min_interval',
  });

const camera = z.strictObject({
  name: displayName.nullable().default(null).describe('Shown to people; null: the key of the camera'),
  source: cameraSource,
  interval: duration.prefault('10s').describe('How often the camera is looked at'),
  stale_after: duration
    .nullable()
    .default(null)
    .describe(
      'Without a successful look for this long, what was said last no longer holds; null: three intervals plus the longest recent description, at least 2m',
    ),
  hours: hours
    .nullable()
    .default(null)
    .describe('When the camera is looked at: days and times by the clock of the board; null: always'),
  gate: gate.prefault({}).describe('Which looks show something new and are described'),
  privacy: zones.prefault([]).describe('Zones painted black before anything else sees the picture'),
  collect: collect
    .nullable()
    .default(null)
    .describe('Described pictures that are kept to be labelled, masks painted; null: none'),
  image: image.prefault({}).describe('Whether the described picture is published too'),
  model: z
    .enum(modelRoles)
    .nullable()
    .default(null)
    .describe('Which of `models` describes it; null: thorough'),
  prompt: z.string().default('default').describe('The name of one of the prompts'),
  change: z
    .boolean()
    .default(false)
    .describe('true: a description that a change has triggered also says in one sentence what is different'),
  questions: z.record(name, standingQuestionSchema).default({}),
  rules: z
    .record(name, rule)
    .default({})
    .describe('Conditions on the answers that must prove true several times'),
});

/** The model and how it generates. */
export const modelSchema = z.strictObject({
  path: path
    .prefault('models/demo')
    .describe(
      'A folder with the text GGUF and its mmproj GGUF, looked up beside this file, then in the folder of Scenecast; or the name of a pulled model',
    ),
  chat_template: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "null: the GGUF's own, else that of the detected family; or the name of a family (vicuna, mistral, llama-2, chatml, yi, llama3, phi3, gemma, moondream, obsidian); or a Jinja template",
    ),
  context_size: z
    .int()
    .min(512)
    .max(1_048_576)
    .nullable()
    .default(null)
    .describe('In tokens: picture, prompt and answer together; null: what the cameras and questions need'),
  threads: z
    .int()
    .min(1)
    .max(256)
    .nullable()
    .default(null)
    .describe(
      'null: one per big core that the service may use, or as tuned; fewer while others keep cores busy',
    ),
  memory: bytes
    .nullable()
    .default(null)
    .describe('Maximum memory for the engine; null: what is available at start, minus some headroom'),
  max_tokens: z
    .int()
    .min(1)
    .max(4096)
    .default(256)
    .describe('Maximum length of a description or free-text answer'),
  detail: z
    .enum(modelDetails)
    .default('full')
    .describe(
      'How closely a picture is looked at; less is faster. changed: after a change, closely only at what has changed',
    ),
  image_tokens: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "Maximum image tokens of a picture, for LLaVA-1.6; null: no limit. Of the tiles, what the tower's class token attends to is shown",
    ),
  temperature: z.number().min(0).max(2).default(0).describe('0: always the most likely token'),
  deadline: duration
    .prefault('15m')
    .describe('A description that takes longer fails, and the engine is restarted'),
});

/** The whole config: types, defaults and validation in one place. */
export const configSchema = z
  .strictObject({
    device: name.prefault(() => hostname().replace(/[^A-Za-z0-9_-]/g, '-')),
    name: displayName.nullable().default(null).describe('Shown to people; null: the device'),
    log_level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    language: language
      .default('en')
      .describe('Of descriptions and free answers: a BCP 47 tag such as de, or the name of a language'),
    max_frame_age: duration
      .prefault('2m')
      .describe('A frame that is older than this when the engine is free is not described'),
    location: location
      .nullable()
      .default(null)
      .describe('[latitude, longitude] in degrees, for hours with sunrise and sunset; never published'),
    health_interval: duration.prefault('30s').describe('How often health is published'),
    mqtt: mqtt.prefault({}),
    store: store.prefault({}),
    history: history.prefault({}).describe('Past observations, to be searched; null: none are kept'),
    engine,
    work: work.prefault({}),
    serve: serve.prefault({}),
    web: web.prefault({}),
    model: modelSchema.optional().describe('The only model; default: the demo model'),
    models: z
      .strictObject({ quick: modelSchema, thorough: modelSchema })
      .optional()
      .describe('Two models in place of `model`'),
    prompts: z.record(name, z.string().min(1).max(4000)).default({ default: defaultPrompt }),
    cameras: z.record(name, camera).default({}),
  })
  .superRefine(crossCheck, { when: () => true })
  .transform(({ model, models, ...others }) => ({ ...others, ...eitherOf(model, models) }));

export type Config = z.output<typeof configSchema>;
export type ModelConfig = z.output<typeof modelSchema>;
type TwoModels = Readonly<Record<ModelRole, ModelConfig>>;

/** `crossCheck` has refused both at once. */
function eitherOf(
  model: ModelConfig | undefined,
  models: TwoModels | undefined,
):
  | { readonly model: ModelConfig; readonly models: null }
  | { readonly model: null; readonly models: TwoModels } {
  if (models) return { model: null, models };
  return { model: model ?? modelSchema.parse({}), models: null };
}
export type CameraConfig = Config['cameras'][string];
