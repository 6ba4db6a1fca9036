import { z } from 'zod';
import { detail, milliseconds, name, ulid } from './fields.ts';
import { descriptionSchema } from './payloads.ts';
import { maxLanguageSentence, workQuestionSchema } from './questions.ts';
import { responseSchema } from './requests.ts';

/** Interval of the `working` messages about an image with `if_busy: refuse`. */
export const workingEveryMs = 3000;

const prompt = z
  .string()
  .min(1)
  .max(4000 + maxLanguageSentence)
  .optional()
  .describe("Text of the prompt; default: the worker board's own");
const id = ulid.optional().describe('Echoed in the answer; default: a new one');
const transaction = z.string().min(1).max(128).optional().describe('Echoed in the answer');
const maxDetail = detail.optional().describe("Maximum level of detail; default: the worker board's");
const ifBusy = z
  .enum(['wait', 'refuse'])
  .optional()
  .describe(
    'If the worker board is describing another image. wait, the default: the image waits there. refuse: the board answers `busy` at once, so that the sender can try another; and while it describes an image, it sends `working` every 3 s',
  );
const pool = name.optional().describe('Only boards of this pool describe it; default: any');

/** The standing questions that come with an image, by name. */
export const workQuestionsSchema = z.record(name, workQuestionSchema);

/** An image for a worker board in one JSON payload, for senders without MQTT 5. */
export const workItemSchema = z.strictObject({
  schema: z.literal(1),
  id,
  image: z.base64().describe('A JPEG or PNG file in base64'),
  prompt,
  questions: workQuestionsSchema.optional(),
  detail: maxDetail,
  if_busy: ifBusy,
  pool,
  response_topic: z
    .string()
    .regex(/^[^+#\p{Cc}]{1,512}$/u, 'must be a topic without wildcards')
    .optional()
    .describe('Where the answer goes, unless the message has an MQTT 5 response topic'),
  transaction,
});

/** The MQTT 5 user properties of an image that is sent as a plain file. */
export const workPropertiesSchema = z.strictObject({
  id,
  prompt,
  questions: z.string().optional().describe('JSON, as in the JSON payload'),
  detail: maxDetail,
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
      confidences: true,
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

/** Answer of a worker board. Contains nothing that only the sender knows (camera, times, trigger). */
export const workAnswerSchema = z.discriminatedUnion('status', [
  ...answers.options,
  z.strictObject({
    status: z
      .literal('working')
      .describe('working, only with `if_busy: refuse`: the description is in progress, the answer follows'),
    data: z.null(),
    error: z.null(),
    transaction: z.string().nullable(),
  }),
]);

export type WorkItemPayload = z.output<typeof workItemSchema>;
export type WorkQuestionsPayload = z.output<typeof workQuestionsSchema>;
export type WorkAnswerPayload = z.output<typeof workAnswerSchema>;
/** The data of a worker board's answer about an image that it has described. */
export type WorkDataPayload = z.output<(typeof answers)['options'][0]>['data'];
