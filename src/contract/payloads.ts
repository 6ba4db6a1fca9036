import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Health } from '../domain/health.ts';
import type { Answer, CameraStatus, FrameEvent, Observation } from '../domain/observation.ts';
import { answer, count, engineState, milliseconds, schemaVersion, ulid, utc } from './fields.ts';

export const deviceStatusSchema = z.strictObject({
  state: z.enum(['online', 'offline']).describe('`offline` at the end, or by last will'),
});

export const cameraStatusSchema = z.strictObject({
  state: z.enum(['online', 'offline']).describe('Whether the camera gives pictures'),
  reason: z.string().nullable().describe('Why not; null while it is online'),
});

/** What a broker has of the outbox: written by Scenecast for itself. */
export const outboxMarkSchema = z.strictObject({
  outbox: ulid.describe('Which outbox: a new file is a new one'),
  seq: count.describe('The broker has all its entries up to this one'),
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
    name: z.string().describe('As the GGUF names itself'),
    quant: z.string().describe('Its quantisation'),
    build: z.string().describe('Of llama.cpp'),
  })
  .describe('Which model spoke');

export const descriptionSchema = z.strictObject({
  schema: schemaVersion,
  id: ulid,
  camera: z.string(),
  captured_at: utc,
  published_at: utc,
  trigger: z
    .enum(['interval', 'change', 'request'])
    .describe('Why it was described: it was time, the scene had changed, or somebody asked'),
  summary: z
    .string()
    .max(255)
    .describe('The description on one line, cut at a word: what a Home Assistant state can hold'),
  description: z.string().describe('All that the model said'),
  answers: z.record(z.string(), answer).describe('To the standing questions, by name'),
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
  model: modelSchema,
  prompt: z.string().describe('The name of the prompt, not its words'),
  timing_ms: z
    .strictObject({
      capture: milliseconds.describe('Until the camera had handed the picture over'),
      queue: milliseconds.describe('Waiting for the engine'),
      pack: milliseconds.describe('Decoding, resizing, cutting into tiles'),
      encode: milliseconds.describe('The vision encoder'),
      prefill: milliseconds.describe('Reading picture and prompt'),
      generate: milliseconds.describe('Description and answers'),
      total: milliseconds.describe('From the start of the capture to the end of the description'),
    })
    .describe('Where the time went, in milliseconds'),
  tokens: z
    .strictObject({
      image: count,
      prompt: count.describe('Text only'),
      completion: count.describe('Description and answers'),
      drafted: count.describe('By speculative decoding'),
      accepted: count.describe('Of the drafted'),
    })
    .describe('How many tokens it took'),
  finish_reason: z
    .enum(['stop', 'length'])
    .describe('stop: the model ended by itself. length: it met max_tokens'),
});

export const answerSchema = z.strictObject({
  id: ulid,
  value: answer.describe("Of the question's type"),
  captured_at: utc,
});

export const healthSchema = z.strictObject({
  schema: schemaVersion,
  at: utc,
  engine: engineState.describe('failing: the last description failed, and none has succeeded since'),
  queue_depth: count.describe('Frames that wait for the engine, at most one a camera'),
  frames: z
    .strictObject({
      captured: count,
      described: count,
      unchanged: count,
      failed: count,
      dropped: count.describe('A newer frame of the camera took the place: an `expired` event too'),
      expired: count.describe('Too old when the engine was free, or left at the end'),
    })
    .describe('How many were captured since the start, and how they ended'),
  outbox: z
    .strictObject({
      depth: count.describe('Descriptions that the broker has not acknowledged yet'),
      dropped: count.describe('Given up since the start, for want of room or for age'),
      damaged: count.describe('Outbox files that were damaged and put aside, since the start'),
      fault: z.string().nullable().describe('Why the disk does not take the outbox; null: it does'),
    })
    .optional(),
  timing_ms: z
    .strictObject({ p50: milliseconds, p95: milliseconds })
    .optional()
    .describe('From a capture to the end of its description, of the latest descriptions'),
  tokens_per_second: z.number().min(0).optional().describe('While generating, of the latest description'),
  board: z
    .strictObject({
      temperature_c: z.number().nullable().describe('The hottest sensor, in °C; null: there is none'),
      memory_available_bytes: count,
      memory_total_bytes: count,
      clock_limited: z
        .boolean()
        .nullable()
        .describe(
          "A CPU's clock is held down, by heat, the supply or a setting; null: the board does not tell",
        ),
      under_voltage: z
        .boolean()
        .nullable()
        .describe("The supply's voltage is too low; null: the board does not tell"),
    })
    .optional(),
  memory: z
    .strictObject({
      daemon_bytes: count.describe('Of the daemon, in RAM'),
      engine_bytes: count.nullable().describe('Of the engine, in RAM; null: it is not running'),
    })
    .optional(),
  cameras: z.record(
    z.string(),
    z.strictObject({
      state: z.enum(['starting', 'online', 'offline']),
      interval_ms: milliseconds.describe('How often it is to be looked at'),
      effective_interval_ms: milliseconds.describe(
        'How often its frames get described while the engine is slower than asked; else the same',
      ),
      gate: z
        .strictObject({
          measure: z.number().min(0).max(100).nullable().describe('Largest changed region, % of the picture'),
          threshold: z.number().min(0).describe('A measure beyond this is a change'),
          noise_floor: z.number().min(0).describe('In grey levels'),
        })
        .nullable()
        .describe('What the gate saw last; null: no gate, or no look yet'),
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

export function healthPayload(health: Health, at: Date): HealthPayload {
  const { engine, queueDepth, frames, cameras, outbox, timing, tokensPerSecond, board, memory } = health;
  return {
    schema: 1,
    at: at.toISOString(),
    engine,
    queue_depth: queueDepth,
    frames: { ...frames },
    ...(outbox && { outbox: { ...outbox } }),
    ...(timing && { timing_ms: { p50: tenths(timing.p50Ms), p95: tenths(timing.p95Ms) } }),
    ...(tokensPerSecond !== undefined && { tokens_per_second: tenths(tokensPerSecond) }),
    ...(board && {
      board: {
        temperature_c: board.temperatureC === null ? null : tenths(board.temperatureC),
        memory_available_bytes: board.memoryAvailableBytes,
        memory_total_bytes: board.memoryTotalBytes,
        clock_limited: board.clockLimited,
        under_voltage: board.underVoltage,
      },
    }),
    ...(memory && { memory: { daemon_bytes: memory.daemonBytes, engine_bytes: memory.engineBytes } }),
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

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
