import { z } from 'zod';
import { windowRoles } from '../domain/kept-session.ts';
import { cameraConfigSchema, settingNames } from './camera-config.ts';
import { count, displayName, milliseconds, name, ulid, utc } from './fields.ts';
import { healthSchema } from './health-payload.ts';
import { measuredSchema } from './info.ts';
import { answerSchema, cameraStatusSchema, observationSchema } from './payloads.ts';
import { standingQuestionSchema } from './questions.ts';
import { alertSchema, ruleSchema } from './rule-payloads.ts';
import { visionSchema } from './vision-payload.ts';
import { watchesSchema } from './watches.ts';
import { windowRuleSchema } from './window-rules.ts';

/** What the window's page and the daemon say to each other, apart from the payloads that MQTT has. */

export const maxPasswordLength = 256;

export const loginSchema = z.strictObject({ password: z.string().min(1).max(maxPasswordLength) });

export const sessionSchema = z.strictObject({
  role: z
    .enum(windowRoles)
    .nullable()
    .describe('owner: may change settings. viewer: may look. null: not logged in'),
  login: z.boolean().describe('Whether there is a password, and so a way to log out'),
});

const share = z.number().min(0).max(1);

const zones = z
  .array(
    z
      .array(z.tuple([share, share]))
      .min(3)
      .max(50),
  )
  .max(20)
  .describe('Each a list of corners, from [0, 0] at the top left to [1, 1]');

export const aimSchema = z.strictObject({
  sensitivity: z.number().min(0).max(100).nullable().describe('Of the gate; null: the camera has none'),
  ignore: zones.describe('Zones whose changes are ignored'),
  privacy: zones.describe('Zones that are painted black; those of the config always are'),
});

const lookSchema = z.strictObject({
  id: ulid,
  since: utc.describe('When it was captured'),
  stage: z
    .enum(['captured', 'seeing', 'reading', 'saying'])
    .describe(
      'captured: it waits. seeing: the engine encodes the picture. reading: it prefills it. saying: it generates',
    ),
});

const answers = z.record(z.string(), answerSchema);
const measured = z.record(name, measuredSchema);

/** What the config says of a camera, and what was last published about it. */
const windowCameraSchema = z.strictObject({
  name: displayName.describe('Shown to people'),
  source: z.string().describe('Type of the source'),
  questions: z.record(name, standingQuestionSchema),
  rule_specs: z.record(name, windowRuleSchema).describe('What each rule waits for'),
  aim: aimSchema,
  status: cameraStatusSchema.nullable().describe('null: not known yet'),
  config: cameraConfigSchema.nullable(),
  vision: visionSchema.nullable(),
  look: lookSchema.nullable().describe('The frame that has come farthest; null: none is in progress'),
  observation: observationSchema.nullable().describe('The newest description; null: none since the start'),
  answers: answers.describe('The newest answer to each question'),
  rules: z.record(name, ruleSchema).describe('The state of each rule'),
  measured: measured.describe(
    'What `scenecast eval --keep` measured of the questions as they are worded now',
  ),
  collects: z.boolean().describe('Whether its pictures are kept to be labelled'),
});

/** Alerts that the window shows. */
export const maxWindowAlerts = 20;

const { watches } = watchesSchema.shape;

/** The first event of a reader: everything that the page shows at once. */
export const windowStateSchema = z.strictObject({
  schema: z.literal(1),
  at: utc.describe("By the board's clock"),
  device: name,
  name: displayName,
  version: z.string(),
  role: z.enum(windowRoles),
  pictures: z.boolean().describe('false: the config keeps pictures out of the window'),
  history: z.boolean().describe('Whether past observations can be searched'),
  labels: z.boolean().describe('Whether pictures can be labelled'),
  allowed: z
    .strictObject({
      describe: z.boolean(),
      ask: z.boolean(),
      watch: z.boolean(),
      feedback: z.boolean(),
      aim: z.boolean().describe('`web.aim`'),
      set: z.array(z.enum(settingNames)),
    })
    .describe('What `mqtt.commands` allows; nothing for a viewer'),
  prompts: z.array(name),
  loading: share.nullable().describe('How much of the model is loaded; null: all of it'),
  broker: z.boolean().describe('Whether there is a connection to the broker'),
  health: healthSchema.nullable(),
  cameras: z.record(name, windowCameraSchema),
  alerts: z.array(alertSchema).max(maxWindowAlerts).describe('The last ones since the start, newest first'),
  watches,
});

export const gateReadingSchema = z.strictObject({
  at: utc,
  measure: z.number().min(0).max(100).nullable().describe('Largest changed region, % of the picture'),
  threshold: z.number().min(0),
  changed: z.boolean(),
});

const ofCamera = <Payload extends z.ZodType>(payload: Payload) => z.strictObject({ camera: name, payload });

/** The server-sent events, by name. */
export const windowEvents = {
  state: windowStateSchema,
  status: ofCamera(cameraStatusSchema),
  config: ofCamera(cameraConfigSchema),
  aim: ofCamera(aimSchema),
  vision: ofCamera(visionSchema),
  observation: ofCamera(observationSchema),
  answers: ofCamera(answers),
  measured: ofCamera(measured),
  rule: ofCamera(z.strictObject({ rule: name, status: ruleSchema })),
  alert: alertSchema,
  watches,
  look: ofCamera(lookSchema.nullable()),
  gate: ofCamera(gateReadingSchema),
  health: healthSchema,
  progress: z.strictObject({ loading: share.nullable(), broker: z.boolean() }),
} as const;

export const windowBoardSchema = z.strictObject({
  board: z.string().nullable(),
  cpus: z.array(
    z.strictObject({
      cpu: count,
      cluster: z.string(),
      load: share.nullable().describe('Since the last time this was asked; null: not known'),
      allowed_mhz: count.nullable(),
      max_mhz: count.nullable(),
    }),
  ),
  temperatures: z.array(z.strictObject({ zone: z.string(), celsius: z.number() })),
  models: z
    .array(
      z.strictObject({
        role: z.string().nullable().describe('null: it is the only one'),
        name: z.string().nullable().describe('null: not loaded yet'),
        quant: z.string().nullable(),
        build: z.string().nullable(),
        detail: z.string(),
        image_tokens: count,
        context_size: count,
        threads: count,
        cpus: z.array(count).nullable(),
        expected: z
          .strictObject({
            basis: z.enum(['measured', 'projected']),
            total_ms: milliseconds,
            encode_ms: milliseconds,
            prefill_ms: milliseconds,
            generate_ms: milliseconds,
          })
          .nullable(),
        memory: z.strictObject({
          weights_bytes: count,
          vision_bytes: count,
          context_bytes: count,
          picture_bytes: count,
          process_bytes: count,
        }),
        budget_bytes: count,
        restarts: count.describe('How often its engine process was started again'),
        reasons: z.record(z.string(), z.string()),
        degraded: z.array(z.string()),
      }),
    )
    .describe("The board's own engines; empty: it has none"),
  log: z
    .array(
      z.strictObject({
        at: utc,
        level: z.enum(['warn', 'error']),
        message: z.string(),
        fields: z.string().describe('JSON'),
      }),
    )
    .describe('The last warnings and errors, newest first'),
});

export type WindowState = z.output<typeof windowStateSchema>;
export type WindowCamera = z.output<typeof windowCameraSchema>;
export type WindowBoard = z.output<typeof windowBoardSchema>;
export type WindowLook = z.output<typeof lookSchema>;
export type WindowAim = z.output<typeof aimSchema>;
export type WindowSession = z.output<typeof sessionSchema>;
export type WindowGateReading = z.output<typeof gateReadingSchema>;
export type WindowEvents = { [Name in keyof typeof windowEvents]: z.output<(typeof windowEvents)[Name]> };
