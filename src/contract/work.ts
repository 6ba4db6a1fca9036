import { z } from 'zod';
import { detail, name, ulid } from './fields.ts';
import { descriptionSchema } from './payloads.ts';
import { questionSchema } from './questions.ts';
import { responseSchema } from './requests.ts';

const prompt = z.string().min(1).max(4000);

/** An image for a worker board in one JSON payload, for whom MQTT 5 user properties are out of reach. */
export const workItemSchema = z.strictObject({
  schema: z.literal(1),
  id: ulid.optional().describe('Comes back in the answer; default: one of its own'),
  image: z.base64().describe('A JPEG or PNG file'),
  prompt: prompt.optional().describe("What to ask for, in words; default: the worker's own prompt"),
  questions: z.record(name, questionSchema).optional(),
  detail: detail.optional().describe("How closely to look; default: the worker's"),
  response_topic: z
    .string()
    .regex(/^[^+#\p{Cc}]{1,512}$/u, 'must be a topic without wildcards')
    .optional()
    .describe('Where the answer goes, unless the message has an MQTT 5 response topic'),
  transaction: z.string().min(1).max(128).optional().describe('Comes back in the answer'),
});

/** The MQTT 5 user properties beside an image that is sent as it is. */
export const workPropertiesSchema = z.strictObject({
  id: ulid.optional(),
  prompt: prompt.optional(),
  questions: z.string().optional().describe('JSON, as in the other form'),
  detail: detail.optional(),
  transaction: z.string().min(1).max(128).optional(),
});

/** What a worker says of an image; what only its sender knows (camera, times, trigger) is not in it. */
export const workAnswerSchema = responseSchema(
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
      timing_ms: descriptionSchema.shape.timing_ms.omit({ capture: true }),
    }),
);

export type WorkItemPayload = z.output<typeof workItemSchema>;
export type WorkAnswerPayload = z.output<typeof workAnswerSchema>;
