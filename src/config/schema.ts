import { hostname } from 'node:os';
import { z } from 'zod';
import { detail } from '../contract/fields.ts';
import { questionSchema } from '../contract/questions.ts';
import { reservedCameraNames, reservedDeviceNames } from '../contract/topics.ts';
import { defaultPrompt } from '../domain/default-prompt.ts';
import { image } from './image-schema.ts';
import { mqtt } from './mqtt-schema.ts';
import { store } from './store-schema.ts';
import { bytes, duration, name, polygon, size } from './units.ts';
import { work } from './work-schema.ts';

const sceneSource = z.strictObject({
  type: z.literal('scene'),
  seed: z.int().min(0).default(1).describe('Seed of the first scene; the next ones count up'),
  size: size.prefault('640x480'),
  every: duration.prefault('10s').describe('How long each scene is shown'),
});

const stillSource = z.strictObject({
  type: z.literal('still'),
  path: z.string().min(1).describe('A picture file, or a folder of them: in order of name, repeating'),
});

// Timers of several times this length are derived from it.
const frameTimeout = duration.refine((ms) => ms <= 3_600_000, 'must be at most 1h');

const v4l2Source = z.strictObject({
  type: z.literal('v4l2'),
  device: z
    .string()
    .regex(/^\/./, 'must be the path of a video device, such as /dev/video0 or /dev/v4l/by-id/...')
    .describe('A video device, preferably by its stable name under /dev/v4l/by-id or by-path'),
  size: size
    .nullable()
    .default(null)
    .describe('The nearest size that the camera supports is used; null: 1280x720'),
  rate: z
    .number()
    .min(0.1)
    .max(1000)
    .nullable()
    .default(null)
    .describe("Pictures per second; null: the driver's default"),
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
    .describe('Clockwise, in degrees, for a camera mounted on its side'),
  flip: z
    .enum(['none', 'horizontal', 'vertical', 'both'])
    .default('none')
    .describe('Applied after the rotation'),
  frame_timeout: frameTimeout
    .prefault('5s')
    .describe('A camera that gives no picture for this long is reopened'),
});

/** The address of a stream, without user and password; or `lavfi:` and a filter graph; or a path. */
const ffmpegInput = z
  .string()
  .min(1)
  .max(4000)
  .regex(/^\P{Cc}*$/u, 'must be on one line')
  .refine(
    (input) => /^(?!\w+:\/\/)|^(rtsps?|https?):\/\//i.test(input),
    'must begin with rtsp://, rtsps://, http:// or https://, or be the path of a video file or a folder of them',
  )
  // ffmpeg's messages are stripped of addresses but for the host: one with spaces or quotes would be missed there.
  .refine(
    (input) => /^(?!\w+:\/\/)|^[^\s'"]*$/.test(input),
    'must not contain spaces or quotes in an address; write %20, %27 and %22',
  )
  .refine((input) => /^(?!\w+:\/\/)|^\w+:\/\/(\[[\da-f:.]+\]|[^\s:@/?#[\]]+)(:\d+)?([/?#]|$)/i.test(input), {
    error:
      'must be an address such as rtsp://192.168.1.20:554/stream1, without user or password: they belong in username and password_file',
  });

const ffmpegSource = z
  .strictObject({
    type: z.literal('ffmpeg'),
    input: ffmpegInput.describe(
      'rtsp://, rtsps://, http:// or https:// (motion JPEG or a single picture), or a video file or a folder of them',
    ),
    transport: z.enum(['tcp', 'udp']).default('tcp').describe('How RTSP carries the video'),
    username: z
      .string()
      .regex(/^[^:\p{Cc}]+$/u, 'must not contain a colon')
      .nullable()
      .default(null),
    password_file: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('A file whose first line is the password'),
    rotation: z.literal([0, 90, 180, 270]).default(0).describe('Clockwise, in degrees'),
    size: size
      .nullable()
      .default(null)
      .describe('Larger pictures are scaled down to fit, keeping their proportions; null: original size'),
    frame_timeout: frameTimeout
      .prefault('8s')
      .describe('A stream that gives no new picture for this long is reopened'),
  })
  .superRefine(({ username, password_file }, context) => {
    if (username !== null || password_file === null) return;
    context.addIssue({
      code: 'custom',
      path: ['username'],
      input: username,
      message: 'must be set when password_file is set',
    });
  });

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
    light_guard: z.boolean().default(true).describe('true: changes of the light (lamps, clouds) are ignored'),
    ignore: z.array(polygon).default([]).describe('Zones whose changes are ignored'),
  })
  .refine(({ min_interval, max_interval }) => (min_interval ?? 0) <= (max_interval ?? Infinity), {
    path: ['max_interval'],
    error: 'must not be below min_interval',
  });

const camera = z.strictObject({
  source: z.discriminatedUnion('type', [sceneSource, stillSource, v4l2Source, ffmpegSource]),
  interval: duration.prefault('10s').describe('How often the camera is looked at'),
  gate: gate.prefault({}).describe('Which looks show something new and are described'),
  privacy: z.array(polygon).default([]).describe('Zones painted black before anything else sees the picture'),
  image: image.prefault({}).describe('Whether the described picture is published too'),
  prompt: z.string().default('default').describe('The name of one of the prompts'),
  questions: z.record(name, questionSchema).default({}),
});

/** The model and how it generates. */
export const modelSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('models/demo')
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
    .describe('null: one per big core that the service may use'),
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
  detail: detail.default('full').describe('How closely a picture is looked at; less is faster'),
  temperature: z.number().min(0).max(2).default(0).describe('0: always the most likely token'),
  deadline: duration
    .prefault('15m')
    .describe('A description that takes longer fails, and the engine is restarted'),
});

/** The whole config: types, defaults and validation in one place. */
export const configSchema = z
  .strictObject({
    device: name.prefault(() => hostname().replace(/[^A-Za-z0-9_-]/g, '-')),
    log_level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    max_frame_age: duration
      .prefault('2m')
      .describe('A frame that is older than this when the engine is free is not described'),
    health_interval: duration.prefault('30s').describe('How often health is published'),
    mqtt: mqtt.prefault({}),
    store: store.prefault({}),
    engine: z
      .enum(['own', 'pool'])
      .default('own')
      .describe('What describes the frames: own (the model of this board) or pool (worker boards)'),
    work: work.prefault({}),
    model: modelSchema.prefault({}),
    prompts: z.record(name, z.string().min(1).max(4000)).default({ default: defaultPrompt }),
    cameras: z.record(name, camera).default({}),
  })
  .superRefine((config, context) => {
    const refuse = (field: string, input: unknown, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], input, message });
    if (Object.keys(config.cameras).length === 0 && config.work.pool === null)
      refuse('cameras', config.cameras, 'must name at least one camera, unless work.pool names a pool');
    if (reservedDeviceNames.has(config.device))
      refuse('device', config.device, 'is reserved for images sent to worker boards; choose another name');
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
          message: 'is a reserved topic level; choose another name for the camera',
        });
      }
    }
  });

export type Config = z.output<typeof configSchema>;
export type CameraConfig = Config['cameras'][string];
