import { z } from 'zod';
import { answer, count, milliseconds, name, ulid, utc } from './fields.ts';

/** What the window's page asks of the history, and what it gets. */

const cursor = z.coerce.number().int().min(0).optional().describe('`next` of the page before');

/** An answer in a query, as JSON: `true`, `3`, `"red"`; `null`: uncertain. */
const answerText = z
  .string()
  .max(600)
  .transform((text, context) => {
    try {
      return answer.nullable().parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'must be an answer as JSON, such as true, 3, "red" or null',
      });
      return z.NEVER;
    }
  });

export const maxHistoryEntries = 50;

export const historyQuerySchema = z.strictObject({
  camera: name.optional(),
  question: name.optional().describe('Those that answer it'),
  answer: answerText.optional().describe('Those that answer `question` so'),
  text: z
    .string()
    .max(200)
    .optional()
    .describe('Beginnings of words, all of which description or answers have'),
  since: utc.optional(),
  until: utc.optional(),
  order: z.enum(['newest', 'oldest']).default('newest').describe('Which ones come first'),
  cursor,
  limit: z.coerce.number().int().min(1).max(maxHistoryEntries).default(maxHistoryEntries),
});

const said = {
  description: z.string().nullable().describe('null: only questions were answered'),
  answers: z.record(z.string(), answer.nullable()),
};

export const historyPageSchema = z.strictObject({
  entries: z.array(
    z.strictObject({
      number: count.describe('Identifies it in the history; grows with time'),
      id: ulid,
      camera: name,
      captured_at: utc,
      ...said,
      picture: z.boolean().describe('Whether its picture is kept'),
      previous: z.strictObject(said).nullable().describe("The camera's observation before it"),
    }),
  ),
  next: count.nullable().describe('Cursor of the next page; null: this is the last'),
});

export const marksQuerySchema = z.strictObject({ since: utc, until: utc.optional(), cursor });

export const marksPageSchema = z.strictObject({
  marks: z
    .array(z.strictObject({ number: count, id: ulid, camera: name, at: utc }))
    .describe('When something was described, newest first'),
  next: count.nullable(),
});

export const timelineQuerySchema = z.strictObject({
  camera: name,
  question: name,
  since: utc,
  until: utc,
});

const stretch = { since: utc, until: utc };

export const timelineSchema = z.strictObject({
  since: utc.describe('Everything from here on is there: later than was asked for if reading took too long'),
  bands: z
    .array(
      z.strictObject({
        value: answer.nullable().describe('null: uncertain, or mixed'),
        mixed: z.boolean().describe('Several answers, each for too short a time to be drawn'),
        ...stretch,
      }),
    )
    .describe('Times of equal answers, oldest first; between those that do not touch, it was not looked'),
  totals: z
    .array(
      z.strictObject({
        value: answer.nullable(),
        total_ms: milliseconds,
        stretches: count,
        longest: z.array(z.strictObject(stretch)).describe('Longest first'),
      }),
    )
    .describe('The answers that held longest'),
});

export type HistoryQuery = z.output<typeof historyQuerySchema>;
export type MarksQuery = z.output<typeof marksQuerySchema>;
export type TimelineQuery = z.output<typeof timelineQuerySchema>;
export type WindowHistory = z.output<typeof historyPageSchema>;
export type WindowHistoryEntry = WindowHistory['entries'][number];
export type WindowMarks = z.output<typeof marksPageSchema>;
export type WindowTimeline = z.output<typeof timelineSchema>;
