import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Health } from '../domain/health.ts';
import type { Answer, CameraStatus, FrameEvent, Observation } from '../domain/observation.ts';

const count = z.int().min(0);
const milliseconds = z.number().min(0);
const ulid = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/);
const utc = z.iso.datetime();
const answer = z.union([z.string(), z.number(), z.boolean()]);

export const cameraStatusSchema = z.strictObject({
  state: z.enum(['online', 'offline']),
  reason: z.string().nullable(),
});

export const eventSchema = z.strictObject({
  schema: z.literal(1),
  id: ulid,
  camera: z.string(),
  type: z.enum(['captured', 'described', 'unchanged', 'failed', 'expired']),
  at: utc,
  reason: z.string().nullable(),
});

export const descriptionSchema = z.strictObject({
  schema: z.literal(1),
  id: ulid,
  camera: z.string(),
  captured_at: utc,
  published_at: utc,
  trigger: z.enum(['interval', 'change', 'request']),
  summary: z.string().max(255),
  description: z.string(),
  answers: z.record(z.string(), answer).describe('By name of the question'),
  image: z.strictObject({
    width: count,
    height: count,
    sha256: z
      .string()
      .length(64)
      .describe(
        "Of the picture's bytes as its camera gave them, or as they are with its privacy masks painted",
      ),
  }),
  model: z.strictObject({ name: z.string(), quant: z.string(), build: z.string() }),
  prompt: z.string(),
  timing_ms: z.strictObject({
    capture: milliseconds,
    queue: milliseconds,
    pack: milliseconds,
    encode: milliseconds,
    prefill: milliseconds,
    generate: milliseconds,
    total: milliseconds,
  }),
  tokens: z.strictObject({
    image: count,
    prompt: count,
    completion: count,
    drafted: count,
    accepted: count,
  }),
  finish_reason: z.enum(['stop', 'length']),
});

export const answerSchema = z.strictObject({
  id: ulid,
  value: answer.describe("Of the question's type"),
  captured_at: utc,
});

export const healthSchema = z.strictObject({
  schema: z.literal(1),
  at: utc,
  engine: z.enum(['idle', 'busy', 'failing']),
  queue_depth: count.describe('Frames that wait for the engine'),
  frames: z
    .strictObject({
      captured: count,
      described: count,
      unchanged: count,
      failed: count,
      dropped: count.describe('A newer frame of the same camera took the place'),
      expired: count.describe('Too old when the engine was free'),
    })
    .describe('Since the start'),
  cameras: z.record(
    z.string(),
    z.strictObject({
      state: z.enum(['starting', 'online', 'offline']),
      interval_ms: milliseconds,
      effective_interval_ms: milliseconds.describe(
        'Longer than the interval while the engine is slower than asked',
      ),
      gate: z
        .strictObject({
          measure: z.number().min(0).max(100).nullable().describe('Largest changed region, % of the picture'),
          threshold: z.number().min(0).describe('A measure beyond this is a change'),
          noise_floor: z.number().min(0).describe('In grey levels'),
        })
        .nullable(),
    }),
  ),
});

export type CameraStatusPayload = z.output<typeof cameraStatusSchema>;
export type EventPayload = z.output<typeof eventSchema>;
export type DescriptionPayload = z.output<typeof descriptionSchema>;
export type AnswerPayload = z.output<typeof answerSchema>;
export type HealthPayload = z.output<typeof healthSchema>;

export function cameraStatusPayload({ state, reason }: CameraStatus): CameraStatusPayload {
  return { state, reason };
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

export function descriptionPayload(observation: Observation, publishedAt: Date): DescriptionPayload {
  const { frame, description, trigger, prompt } = observation;
  const { timings, tokens, model } = description;
  return {
    schema: 1,
    id: frame.id,
    camera: frame.camera,
    captured_at: frame.capturedAt.toISOString(),
    published_at: publishedAt.toISOString(),
    trigger,
    summary: summaryOf(description.text),
    description: description.text,
    answers: { ...description.answers },
    image: {
      ...frame.picture.size,
      sha256: createHash('sha256').update(frame.picture.bytes).digest('hex'),
    },
    model: { ...model },
    prompt,
    timing_ms: {
      capture: tenths(frame.captureMs),
      queue: tenths(observation.queueMs),
      pack: tenths(timings.packMs),
      encode: tenths(timings.encodeMs),
      prefill: tenths(timings.prefillMs),
      generate: tenths(timings.generateMs),
      total: tenths(observation.totalMs),
    },
    tokens: { ...tokens, drafted: 0, accepted: 0 },
    finish_reason: description.finishReason,
  };
}

export function answerPayload({ frame }: Observation, value: Answer): AnswerPayload {
  return { id: frame.id, value, captured_at: frame.capturedAt.toISOString() };
}

export function healthPayload({ engine, queueDepth, frames, cameras }: Health, at: Date): HealthPayload {
  return {
    schema: 1,
    at: at.toISOString(),
    engine,
    queue_depth: queueDepth,
    frames: { ...frames },
    cameras: Object.fromEntries(
      Object.entries(cameras).map(([name, { state, intervalMs, effectiveIntervalMs, gate }]) => [
        name,
        {
          state,
          interval_ms: intervalMs,
          effective_interval_ms: Math.round(effectiveIntervalMs),
          gate: gate && {
            measure: gate.measure === null ? null : hundredths(gate.measure),
            threshold: hundredths(gate.threshold),
            noise_floor: hundredths(gate.noiseFloor),
          },
        },
      ]),
    ),
  };
}

/** The description on one line, in at most 255 characters: what a Home Assistant state can hold. */
export function summaryOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= 255) return line;
  const cut = line.slice(0, 254);
  const lastSpace = cut.lastIndexOf(' ');
  const atWord = lastSpace > 200 ? cut.slice(0, lastSpace) : cut;
  // A cut between the halves of a surrogate pair would leave half a character.
  return `${atWord.replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
