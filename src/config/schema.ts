import { hostname } from 'node:os';
import { z } from 'zod';
import { duration, name, size } from './units.ts';

const sceneSource = z.strictObject({
  type: z.literal('scene'),
  seed: z.int().min(0).default(1).describe('The first scene; each next one counts up'),
  size: size.prefault('640x480'),
  every: duration.prefault('10s').describe('How long each scene stands before the next is drawn'),
});

const stillSource = z.strictObject({
  type: z.literal('still'),
  path: z
    .string()
    .min(1)
    .describe('A picture file, or a folder of them, taken in order of name, again and again'),
});

const v4l2Source = z.strictObject({
  type: z.literal('v4l2'),
  device: z
    .string()
    .regex(/^\/./, 'must be the path of a video device, such as /dev/video0 or /dev/v4l/by-id/...')
    .describe('A video device, best by its stable name below /dev/v4l/by-id or by-path'),
  size: size.nullable().default(null).describe('null: 1280x720, or the nearest that the camera has'),
  rate: z
    .number()
    .min(0.1)
    .max(1000)
    .nullable()
    .default(null)
    .describe("Pictures a second that the camera takes; null: the driver's own"),
  format: z
    .enum(['auto', 'mjpg', 'yuyv', 'uyvy', 'nv12', 'nv21', 'yu12', 'rgb24', 'bgr24', 'grey'])
    .default('auto')
    .describe('auto: MJPEG for large pictures, raw for small ones'),
  controls: z
    .record(z.string(), z.union([z.string(), z.int(), z.boolean()]))
    .default({})
    .describe('exposure, gain, white_balance, focus: "auto" or a number; others by their V4L2 names'),
  rotation: z
    .literal([0, 90, 180, 270])
    .default(0)
    .describe('Clockwise, in degrees, for a camera that is mounted on its side'),
  flip: z.enum(['none', 'horizontal', 'vertical', 'both']).default('none').describe('After the rotation'),
  frame_timeout: duration
    .prefault('5s')
    .describe('A camera that gives no picture for so long is closed and opened again'),
});

const ask = z.string().min(1).max(500).describe('The question in words');
const word = z
  .string()
  .regex(/^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u, 'must be words on one line, without space around them')
  .max(100);

/** A standing question, and what its answer must be. */
const question = z.discriminatedUnion('type', [
  z.strictObject({ ask, type: z.literal('text').optional().describe('Free text, the default') }),
  z.strictObject({ ask, type: z.literal('boolean') }),
  z
    .strictObject({
      ask,
      type: z.literal('integer'),
      min: z.int().default(0),
      max: z.int().default(100),
    })
    .refine(({ min, max }) => min <= max, 'min must not be above max'),
  z.strictObject({ ask, type: z.literal('enum'), values: z.array(word).min(1).max(50) }),
  z.strictObject({
    ask,
    type: z.literal('string'),
    max_length: z.int().min(1).max(500).default(100).describe('In characters'),
  }),
]);

const camera = z.strictObject({
  source: z.discriminatedUnion('type', [sceneSource, stillSource, v4l2Source]),
  interval: duration.prefault('10s').describe('How often the camera is looked at'),
  prompt: z.string().default('default').describe('The name of one of the prompts'),
  questions: z.record(name, question).default({}),
});

const mqtt = z.strictObject({
  url: z
    .string()
    .regex(
      /^(mqtts?|wss?):\/\/[^@\s]+$/,
      'must be a broker address such as mqtt://127.0.0.1:1883, without user or password',
    )
    .default('mqtt://127.0.0.1:1883'),
  username: z.string().nullable().default(null),
  password_file: z.string().nullable().default(null).describe('A file whose first line is the password'),
});

/** The model and how it speaks. */
export const modelSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('models/demo')
    .describe(
      'A folder with the text GGUF and its mmproj GGUF, looked up beside this file, then beside Scenecast',
    ),
  chat_template: z
    .string()
    .nullable()
    .default(null)
    .describe('null: the GGUF\'s own, else vicuna; or the word "vicuna"; or a Jinja template'),
  context_size: z
    .int()
    .min(512)
    .max(1_048_576)
    .default(4096)
    .describe('In tokens: picture, prompt and answer together'),
  threads: z
    .int()
    .min(1)
    .max(256)
    .nullable()
    .default(null)
    .describe('null: one for each CPU the service may use'),
  max_tokens: z.int().min(1).max(4096).default(256).describe('The longest description or free-text answer'),
  detail: z
    .enum(['overview', 'balanced', 'full'])
    .default('full')
    .describe('How closely a picture is looked at: less is faster'),
  temperature: z.number().min(0).max(2).default(0).describe('0 always takes the likeliest token'),
  deadline: duration
    .prefault('15m')
    .describe('A description that takes longer fails, and the engine is started anew'),
});

/** The whole config: types, defaults and validation in one place. */
export const configSchema = z
  .strictObject({
    device: name.prefault(() => hostname().replace(/[^A-Za-z0-9_-]/g, '-')),
    log_level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    mqtt: mqtt.prefault({}),
    model: modelSchema.prefault({}),
    prompts: z.record(name, z.string().min(1).max(4000)).default({ default: 'Describe the scene.' }),
    cameras: z
      .record(name, camera)
      .refine((cameras) => Object.keys(cameras).length > 0, 'must name at least one camera'),
  })
  .superRefine((config, context) => {
    for (const [cameraName, { prompt }] of Object.entries(config.cameras)) {
      if (config.prompts[prompt] === undefined) {
        context.addIssue({
          code: 'custom',
          path: ['cameras', cameraName, 'prompt'],
          input: prompt,
          message: `must be one of the prompts: ${Object.keys(config.prompts).join(', ')}`,
        });
      }
      if (reservedCameraNames.has(cameraName)) {
        context.addIssue({
          code: 'custom',
          path: ['cameras', cameraName],
          input: cameraName,
          message: 'is a topic level of the device itself; choose another name for the camera',
        });
      }
    }
  });

/** Levels under `scenecast/<device>/` that the contract uses itself. */
const reservedCameraNames = new Set(['status', 'info', 'health', 'request', 'response']);

export type Config = z.output<typeof configSchema>;
export type CameraConfig = Config['cameras'][string];
export type QuestionConfig = CameraConfig['questions'][string];
