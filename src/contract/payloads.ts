import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isPlausible } from '../domain/clock.ts';
import type {
  CameraStatus,
  Description,
  FrameEvent,
  JudgedAnswer,
  Observation,
} from '../domain/observation.ts';
import {
  answer,
  confidence,
  count,
  milliseconds,
  pictureProblem,
  schemaVersion,
  ulid,
  utc,
} from './fields.ts';

export const deviceStatusSchema = z.strictObject({
  state: z.enum(['online', 'offline']).describe('`offline` after shutdown, or by last will'),
});

export const cameraStatusSchema = z.strictObject({
  state: z.enum(['online', 'offline']).describe('Whether the camera gives pictures'),
  problem: pictureProblem,
  reason: z.string().nullable().describe('Why it is offline, or has a problem; else null'),
});

/** How much of the outbox a broker has: written by Scenecast for itself. */
export const outboxMarkSchema = z.strictObject({
  outbox: ulid.describe('Id of the outbox; a new file has a new one'),
  seq: count.describe('The broker has every entry up to this one'),
});

export const eventSchema = z.strictObject({
  schema: schemaVersion,
  id: ulid,
  camera: z.string(),
  type: z.enum(['captured', 'described', 'unchanged', 'failed', 'expired']),
  at: utc,
  reason: z.string().nullable().describe('Why it is unchanged, failed or expired; else null'),
});

export const modelSchema = z
  .strictObject({
    name: z.string().describe('Name in the GGUF'),
    quant: z.string().describe('Quantisation'),
    build: z.string().describe('Version of llama.cpp'),
  })
  .describe('The model that described it');

export const descriptionSchema = z.strictObject({
  schema: schemaVersion,
  id: ulid,
  camera: z.string(),
  captured_at: utc,
  published_at: utc,
  clock: z
    .literal('unset')
    .optional()
    .describe(
      "Present if the board's clock had not been set when the picture was captured, and `captured_at` is therefore wrong",
    ),
  trigger: z
    .enum(['interval', 'change', 'confirm', 'request'])
    .describe(
      'Why it was described. interval: it was due. change: the scene had changed. confirm: a rule needed another answer. request: it was requested',
    ),
  summary: z
    .string()
    .max(255)
    .describe('The description on one line, cut at a word to fit a Home Assistant state'),
  description: z.string().describe('The whole description'),
  change: z
    .string()
    .optional()
    .describe(
      'In one sentence, what the model says is different from the last description. Only with `change` in the config of the camera, if the trigger is a change and the description has other words',
    ),
  answers: z.record(z.string(), answer).describe('Answers to the standing questions, by name'),
  confidences: z
    .record(z.string(), confidence)
    .describe(
      'By name, for questions of type `boolean`, `integer` and `enum`: how probable the model held its answer to be, among all that the type allows; not calibrated. Missing if the engine does not say',
    ),
  image: z.strictObject({
    width: count,
    height: count,
    sha256: z
      .string()
      .length(64)
      .describe("Of the picture's bytes as the camera gave them, or with its privacy masks painted"),
  }),
  model: modelSchema,
  prompt: z.string().describe('Name of the prompt, not its text'),
  timing_ms: z
    .strictObject({
      capture: milliseconds.describe('Until the camera delivered the picture'),
      queue: milliseconds.describe('Waiting for the engine'),
      pack: milliseconds.describe('Decoding, resizing, cutting into tiles'),
      encode: milliseconds.describe('Vision encoder'),
      prefill: milliseconds.describe('Processing picture and prompt'),
      generate: milliseconds.describe('Generating description and answers'),
      total: milliseconds.describe('From the start of the capture to the end of the description'),
    })
    .describe('Time of each step, in milliseconds'),
  tokens: z
    .strictObject({
      image: count.describe(
        'Of the picture, as the model read it; with `change`, of the earlier picture too if the model was shown that',
      ),
      image_omitted: count.describe(
        'Of the picture, besides: left out by `model.detail: changed`, which shows closely only what has changed, or by `model.image_tokens`, the maximum',
      ),
      prompt: count.describe('Text only'),
      completion: count.describe('Description and answers'),
      drafted: count.describe("Tokens guessed from the camera's last answers and verified in batches"),
      accepted: count.describe('Guesses that the model confirmed'),
    })
    .describe('Token counts'),
  finish_reason: z
    .enum(['stop', 'length'])
    .describe('stop: the model ended by itself. length: it reached max_tokens'),
});

const { summary, description, prompt, finish_reason } = descriptionSchema.shape;
const without = '; null: one of two models only answered questions';
const nullable = <Field extends z.ZodType>(field: Field) =>
  field.nullable().describe(`${field.description ?? ''}${without}`);

/** One message of the stream: the same as the state, or answers alone, and whether it is late. */
export const observationSchema = descriptionSchema.extend({
  summary: nullable(summary),
  description: nullable(description),
  prompt: nullable(prompt),
  finish_reason: nullable(finish_reason),
  late: z
    .literal(true)
    .optional()
    .describe('Present if it was captured more than `mqtt.late_after` before it was sent'),
});

export const answerSchema = z.strictObject({
  schema: schemaVersion,
  value: answer.nullable().describe("Of the question's type; null: uncertain"),
  confidence: confidence
    .nullable()
    .describe('How sure the answer is, 0 to 1; null: its type, or the engine, has no confidence'),
  calibrated: z
    .boolean()
    .describe('true: the confidence was corrected by labelled pictures. false: as the model has it'),
  reason: z
    .literal('uncertain')
    .nullable()
    .describe('Why the value is null: the confidence is below `min_confidence`; else null'),
  id: ulid,
  captured_at: utc,
});

export type CameraStatusPayload = z.output<typeof cameraStatusSchema>;
export type EventPayload = z.output<typeof eventSchema>;
export type DescriptionPayload = z.output<typeof descriptionSchema>;
export type ObservationPayload = z.output<typeof observationSchema>;
/** An observation before it is sent. */
export type ObservedPayload = Omit<ObservationPayload, 'late'>;
export type AnswerPayload = z.output<typeof answerSchema>;

export function cameraStatusPayload({ state, problem, reason }: CameraStatus): CameraStatusPayload {
  return { state, problem, reason };
}

export function eventPayload(event: FrameEvent, at: Date): EventPayload {
  const { id, camera, type } = event;
  return {
    schema: 1,
    id,
    camera,
    type,
    at: at.toISOString(),
    reason: 'reason' in event ? event.reason : null,
  };
}

export function observedPayload(observation: Observation, publishedAt: Date): ObservedPayload {
  const { frame, description, trigger, prompt } = observation;
  const { timings, tokens, model } = description;
  return {
    schema: 1,
    id: frame.id,
    camera: frame.camera,
    captured_at: frame.capturedAt.toISOString(),
    published_at: publishedAt.toISOString(),
    ...(isPlausible(frame.capturedAt) ? {} : { clock: 'unset' }),
    trigger,
    summary: description.text === null ? null : summaryOf(description.text),
    description: description.text,
    ...(description.change !== undefined && { change: description.change }),
    answers: { ...description.answers },
    confidences: roundedConfidences(description),
    image: {
      ...frame.picture.size,
      sha256: createHash('sha256').update(frame.picture.bytes).digest('hex'),
    },
    model: { ...model },
    prompt,
    timing_ms: {
      capture: tenths(frame.captureMs),
      queue: tenths(observation.queueMs),
      ...engineTimings(timings),
      total: tenths(observation.totalMs),
    },
    tokens: tokenPayload(tokens),
    finish_reason: description.finishReason,
  };
}

/** Whether it describes the picture, and does not only answer questions. */
export function isDescription(observed: ObservedPayload): observed is DescriptionPayload {
  return observed.description !== null;
}

/** An observation as it is sent on the stream; it is late if it was captured more than `lateAfterMs` before. */
export function observationPayload(
  observed: ObservedPayload,
  sentAt: Date,
  lateAfterMs: number,
): ObservationPayload {
  const isLate = sentAt.getTime() - Date.parse(observed.captured_at) > lateAfterMs;
  // The spread keeps the position of published_at.
  return { ...observed, published_at: sentAt.toISOString(), ...(isLate && { late: true as const }) };
}

/** One of the answers of an observation. */
export function answerPayload(
  { id, captured_at }: Pick<ObservedPayload, 'id' | 'captured_at'>,
  { value, confidence, isCalibrated }: JudgedAnswer,
): AnswerPayload {
  return {
    schema: 1,
    value,
    confidence: confidence === null ? null : rounded(confidence),
    calibrated: isCalibrated,
    reason: value === null ? 'uncertain' : null,
    id,
    captured_at,
  };
}

export function roundedConfidences({ confidences = {} }: Description): Record<string, number> {
  return Object.fromEntries(Object.entries(confidences).map(([name, value]) => [name, rounded(value)]));
}

/** To four decimals. */
export function rounded(confidence: number): number {
  return Math.round(confidence * 1e4) / 1e4;
}

/** The description on one line, in at most 255 characters: the maximum of a Home Assistant state. */
export function summaryOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= 255) return line;
  const cut = line.slice(0, 254);
  const lastSpace = cut.lastIndexOf(' ');
  const atWord = lastSpace > 200 ? cut.slice(0, lastSpace) : cut;
  // A cut between the halves of a surrogate pair would leave half a character.
  return `${atWord.replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** What the engine itself took. */
export function engineTimings({ packMs, encodeMs, prefillMs, generateMs }: Description['timings']) {
  return {
    pack: tenths(packMs),
    encode: tenths(encodeMs),
    prefill: tenths(prefillMs),
    generate: tenths(generateMs),
  };
}

/** The engine's token counts. */
export function tokenPayload({ imageOmitted, image, ...others }: Description['tokens']) {
  return { image, image_omitted: imageOmitted, ...others };
}

export function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
