import { z } from 'zod';
import { detail, milliseconds, name, ulid } from './fields.ts';
import { descriptionSchema } from './payloads.ts';
import { questionSchema } from './questions.ts';
import { responseSchema } from './requests.ts';

/** A worker says so often that it is at an image of a sender that wants to know. */
export const workingEveryMs = 3000;

const prompt = z
  .string()
  .min(1)
  .max(4000)
  .optional()
  .describe("What to ask for, in words; default: the worker's own prompt");
const id = ulid.optional().describe('Comes back in the answer; default: one of its own');
const transaction = z.string().min(1).max(128).optional().describe('Comes back in the answer');
const look = detail.optional().describe("How closely to look, at most; default: the worker's");
const ifBusy = z
  .enum(['wait', 'refuse'])
  .optional()
  .describe(
    'When the worker is at another image. wait, the default: it waits there. refuse: the worker answers `busy` at once, so that the sender can ask the next one; and it says `working` every 3 s while it is at it',
  );
const pool = name.optional().describe('Only the boards of this pool describe it; default: those of any');

/** The standing questions that come with an image, by name. */
export const workQuestionsSchema = z.record(name, questionSchema);

/** An image for a worker board in one JSON payload, for whom MQTT 5 user properties are out of reach. */
export const workItemSchema = z.strictObject({
  schema: z.literal(1),
  id,
  image: z.base64().describe('A JPEG or PNG file'),
  prompt,
  questions: workQuestionsSchema.optional(),
  detail: look,
  if_busy: ifBusy,
  pool,
  response_topic: z
    .string()
    .regex(/^[^+#\p{Cc}]{1,512}$/u, 'must be a topic without wildcards')
    .optional()
    .describe('Where the answer goes, unless the message has an MQTT 5 response topic'),
  transaction,
});

/** The MQTT 5 user properties beside an image that is sent as it is. */
export const workPropertiesSchema = z.strictObject({
  id,
  prompt,
  questions: z.string().optional().describe('JSON, as in the other form'),
  detail: look,
  if_busy: ifBusy,
  pool,
  transaction,
});

const answers = responseSchema(
  descriptionSchema
    .pick({
      schema: true,
      id: true,
      summary: true,
      description: true,
      answers: true,
      image: true,
      model: true,
      tokens: true,
      finish_reason: true,
    })
    .extend({
      worker: name.describe('The device that described it'),
      timing_ms: descriptionSchema.shape.timing_ms.omit({ capture: true }).extend({
        total: milliseconds.describe('From the arrival of the image to the end of the description'),
      }),
    }),
);

/** What a worker says of an image; what only its sender knows (camera, times, trigger) is not in it. */
export const workAnswerSchema = z.discriminatedUnion('status', [
  ...answers.options,
  z.strictObject({
    status: z
      .literal('working')
      .describe('working, only where `if_busy` is `refuse`: it has been begun, and the answer is to come'),
    data: z.null(),
    error: z.null(),
    transaction: z.string().nullable(),
  }),
]);

export type WorkItemPayload = z.output<typeof workItemSchema>;
export type WorkQuestionsPayload = z.output<typeof workQuestionsSchema>;
export type WorkAnswerPayload = z.output<typeof workAnswerSchema>;
/** What a worker says of an image that it has described. */
export type WorkDataPayload = z.output<(typeof answers)['options'][0]>['data'];
