import { z } from 'zod';
import { modelRoles } from '../domain/model-role.ts';
import { count, name, schemaVersion, utc } from './fields.ts';
import { modelSchema } from './payloads.ts';
import { standingQuestionSchema } from './questions.ts';

const report = z.record(z.string(), z.unknown());

const share = z.number().min(0).max(1);

/** What was measured of a question's answers. */
export const measuredSchema = z.strictObject({
  labels: count.describe('Answers that were compared with labels'),
  accuracy: share.describe('Share of right answers'),
  interval: z.tuple([share, share]).describe('The accuracy is in it in 95 of 100 cases'),
  calibration_error: share
    .nullable()
    .describe(
      'Mean distance of the confidence, calibrated if it is, from the share of right answers; null: unknown',
    ),
  calibrated: z.boolean().describe('Whether confidences are calibrated by it'),
  at: utc,
});

export const infoSchema = z.strictObject({
  schema: schemaVersion,
  device: name,
  version: z.string().describe('Version of Scenecast'),
  started_at: utc,
  model: modelSchema.nullable().describe('null: not loaded yet'),
  board: report.nullable().describe('Cores, RAM and limits of the board; null: not known'),
  plan: report
    .nullable()
    .describe('How the model runs on the board: threads, context, CPU module; null: not known'),
  models: z
    .record(z.enum(modelRoles), z.strictObject({ model: modelSchema.nullable(), plan: report }))
    .optional()
    .describe('Each of two models; `model` and `plan` are those of the thorough one'),
  cameras: z
    .record(
      name,
      z.strictObject({
        source: z.string().describe('Type of the source'),
        questions: z.record(name, standingQuestionSchema).describe('Standing questions'),
        measured: z
          .record(name, measuredSchema)
          .optional()
          .describe(
            'What `scenecast eval --keep` measured of the questions, as they are worded now, with this model',
          ),
      }),
    )
    .describe('By name'),
  serve: z
    .strictObject({ host: z.string(), port: count })
    .nullable()
    .describe('Address at which other programs may use the engine of the board; null: off'),
  prompts: z.array(name).describe('Names of the prompts'),
  config: report.describe('The effective config, without user names, passwords and logins'),
  schemas: z.record(z.string(), count).describe('Schema version of each payload that has one'),
});

export type InfoPayload = z.output<typeof infoSchema>;
