import { z } from 'zod';
import { modelRoles } from '../domain/model-role.ts';
import { cameraSettingsSchema } from './camera-config.ts';
import { answer, detail, name, ulid, utc } from './fields.ts';
import { descriptionSchema } from './payloads.ts';
import { questionSchema } from './questions.ts';
import { runningWatchSchema, watchFields } from './watches.ts';

/** Larger commands are refused without being parsed. */
export const maxCommandBytes = 4096;

const camera = name.optional().describe('May be omitted if there is only one camera');
const transaction = z
  .string()
  .min(1)
  .max(128)
  .optional()
  .describe('Echoed in the response, so that the caller can match it');

export const describeRequestSchema = z.strictObject({
  camera,
  prompt: name.optional().describe("Name of a prompt; default: the camera's"),
  detail: detail
    .optional()
    .describe('Maximum level of detail; default: as planned. Ignored by models that have no choice'),
  questions: z
    .array(name)
    .max(50)
    .optional()
    .describe("Which of the camera's standing questions to ask; default: all"),
  transaction,
});

export const askRequestSchema = z.strictObject({
  camera,
  question: questionSchema,
  model: z.enum(modelRoles).optional().describe('Which of `models` answers it; default: quick'),
  transaction,
});

export const watchRequestSchema = z.strictObject({ camera, ...watchFields, transaction });

export const unwatchRequestSchema = z.strictObject({ watch: ulid.describe('Its id'), transaction });

export const feedbackRequestSchema = z
  .strictObject({
    camera,
    question: name.optional().describe('May be omitted if only one of the camera can be right or wrong'),
    id: ulid.optional().describe('Of the observation; default: the newest that answers the question'),
    right: z
      .boolean()
      .optional()
      .describe('Whether its answer is right; false only where one other answer is left, as of `boolean`'),
    value: answer.optional().describe('The right answer, in place of `right`'),
    transaction,
  })
  .refine(({ right, value }) => (right === undefined) !== (value === undefined), 'must have right or value');

export const restartRequestSchema = z.strictObject({
  what: z
    .enum(['engine', 'daemon'])
    .default('engine')
    .describe(
      'engine: the model is loaded again; cameras and connection stay. daemon: the whole service, if systemd runs it',
    ),
  transaction,
});

export type DescribeRequestPayload = z.output<typeof describeRequestSchema>;
export type AskRequestPayload = z.output<typeof askRequestSchema>;
export type FeedbackRequestPayload = z.output<typeof feedbackRequestSchema>;
export type RestartRequestPayload = z.output<typeof restartRequestSchema>;

const errorSchema = z.strictObject({
  code: z
    .enum(['invalid', 'unknown', 'forbidden', 'rate_limited', 'busy', 'failed', 'expired'])
    .describe(
      'invalid: the payload does not match its schema. unknown: no such camera, prompt, question or watch. forbidden: the config does not allow it. rate_limited: too many commands. busy: the worker board is busy. failed: it was tried and failed. expired: not completed in time',
    ),
  message: z.string().describe('Explanation for humans'),
});

export type ResponseError = z.output<typeof errorSchema>;

/** The response to one kind of command: its data, or an error. */
export function responseSchema<Data extends z.ZodType>(data: Data) {
  const echo = z.string().nullable().describe('From the request; null: it had none');
  return z.discriminatedUnion('status', [
    z.strictObject({ status: z.literal('ok'), data, error: z.null(), transaction: echo }),
    z.strictObject({
      status: z.literal('error'),
      data: z.null(),
      error: errorSchema.describe('null if the status is ok'),
      transaction: echo,
    }),
  ]);
}

export const describeResponseSchema = responseSchema(descriptionSchema);
export const askResponseSchema = responseSchema(
  z.strictObject({
    id: ulid,
    camera: name,
    ask: z.string().describe('Text of the question'),
    value: answer.describe("Of the question's type"),
    captured_at: utc,
  }),
);
export const watchResponseSchema = responseSchema(runningWatchSchema);
export const unwatchResponseSchema = responseSchema(z.null().describe('It has ended'));
export const feedbackResponseSchema = responseSchema(
  z.strictObject({
    id: ulid,
    camera: name,
    question: name,
    value: answer.describe('The right answer, as labelled'),
  }),
);
export const restartResponseSchema = responseSchema(
  z.null().describe('Sent when the engine is ready again, or before the daemon stops'),
);
export const setResponseSchema = responseSchema(
  z.strictObject({ camera: name, config: cameraSettingsSchema.describe('After the change') }),
);

export function okResponse<Data>(data: Data, transaction: string | undefined) {
  return { status: 'ok' as const, data, error: null, transaction: transaction ?? null };
}

export function errorResponse(error: ResponseError, transaction: string | undefined) {
  return { status: 'error' as const, data: null, error, transaction: transaction ?? null };
}
