import { z } from 'zod';
import { count, name, schemaVersion, utc } from './fields.ts';
import { modelSchema } from './payloads.ts';
import { questionSchema } from './questions.ts';

const report = z.record(z.string(), z.unknown());

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
  cameras: z
    .record(
      name,
      z.strictObject({
        source: z.string().describe('Type of the source'),
        questions: z.record(name, questionSchema).describe('Standing questions'),
      }),
    )
    .describe('By name'),
  prompts: z.array(name).describe('Names of the prompts'),
  config: report.describe('The effective config, without user names, passwords and logins'),
  schemas: z.record(z.string(), count).describe('Schema version of each payload that has one'),
});

export type InfoPayload = z.output<typeof infoSchema>;
