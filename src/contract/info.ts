import { z } from 'zod';
import { count, name, schemaVersion, utc } from './fields.ts';
import { modelSchema } from './payloads.ts';
import { questionSchema } from './questions.ts';

const report = z.record(z.string(), z.unknown());

export const infoSchema = z.strictObject({
  schema: schemaVersion,
  device: name,
  version: z.string().describe("Scenecast's"),
  started_at: utc,
  model: modelSchema.nullable().describe('null: not loaded yet'),
  board: report.nullable().describe('The machine: its cores, RAM and limits; null: not known'),
  plan: report.nullable().describe('How the model is run on it: threads, context, backend; null: not known'),
  cameras: z
    .record(
      name,
      z.strictObject({
        source: z.string().describe('The type of its source'),
        questions: z.record(name, questionSchema).describe('The standing questions'),
      }),
    )
    .describe('By name'),
  prompts: z.array(name).describe('The names of the prompts'),
  config: report.describe('The config in force, without user names, passwords and logins'),
  schemas: z.record(z.string(), count).describe('The schema version of each payload that has one'),
});

export type InfoPayload = z.output<typeof infoSchema>;
