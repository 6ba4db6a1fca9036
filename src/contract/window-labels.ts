import { z } from 'zod';
import { answer, confidence, count, name, ulid, utc } from './fields.ts';

/** What the window's page asks about pictures that a person labels. */

export const labelQuerySchema = z.strictObject({ camera: name.optional(), question: name.optional() });

export const labelTasksSchema = z.strictObject({
  questions: z
    .array(z.strictObject({ camera: name, question: name, labelled: count, waiting: count }))
    .describe('Those that can be labelled, with the number of pictures'),
  tasks: z
    .array(
      z.strictObject({
        id: ulid.describe('Of the observation whose picture was kept'),
        camera: name,
        question: name,
        captured_at: utc,
        said: answer.nullable().describe('What the model said; null: not known'),
        confidence: confidence.nullable(),
      }),
    )
    .describe('The next pictures without a label'),
});

export const setLabelSchema = z.strictObject({
  camera: name,
  question: name,
  id: ulid,
  value: answer.nullable().describe('The right answer; null: the label is withdrawn'),
});

export type WindowLabelTasks = z.output<typeof labelTasksSchema>;
export type WindowLabelTask = WindowLabelTasks['tasks'][number];
export type SetLabel = z.output<typeof setLabelSchema>;
