import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isPlausible } from '../domain/clock.ts';
import type { Health } from '../domain/health.ts';
import type { Answer, CameraStatus, Description, FrameEvent, Observation } from '../domain/observation.ts';
import { answer, count, engineState, milliseconds, schemaVersion, ulid, utc } from './fields.ts';

export const deviceStatusSchema = z.strictObject({
  state: z.enum(['online', 'offline']).describe('`offline` after shutdown, or by last will'),
});

const pictureProblem = z
  .enum(['frozen', 'black', 'covered'])
  .nullable()
  .describe(
    'What is wrong with its pictures. frozen: the very same one for minutes. black: dark all over. covered: an even surface. null: nothing, or offline',
  );

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
    .enum(['interval', 'change', 'request'])
    .describe(
      'Why it was described. interval: it was due. change: the scene had changed. request: it was requested',
    ),
  summary: z
    .string()
    .max(255)
    .describe('The description on one line, cut at a word to fit a Home Assistant state'),
  description: z.string().describe('The whole description'),
  answers: z.record(z.string(), answer).describe('Answers to the standing questions, by name'),
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
      image: count,
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

export const answerSchema = z.strictObject({
  id: ulid,
  value: answer.describe("Of the question's type"),
  captured_at: utc,
});

export const healthSchema = z.strictObject({
  schema: schemaVersion,
  at: utc,
  engine: engineState.describe('failing: the last description failed, and none has succeeded since'),
  queue_depth: count.describe('Frames waiting for the engine, at most one per camera'),
  frames: z
    .strictObject({
      captured: count,
      described: count,
      unchanged: count,
      failed: count,
      dropped: count.describe('Replaced by a newer frame of the camera; the event is `expired` too'),
      expired: count.describe('Too old when the engine was free, or still waiting at shutdown'),
    })
    .describe('Frames captured since the start, and how they ended'),
  outbox: z
    .strictObject({
      depth: count.describe('Descriptions that the broker has not acknowledged yet'),
      dropped: count.describe('Dropped since the start, because a limit of the outbox was exceeded'),
      damaged: count.describe('Damaged outbox files set aside since the start'),
      fault: z.string().nullable().describe('Why the outbox cannot be written to disk; null: it can'),
    })
    .optional(),
  timing_ms: z
    .strictObject({ p50: milliseconds, p95: milliseconds })
    .optional()
    .describe('From capture to the end of the description, over the latest descriptions'),
  tokens_per_second: z.number().min(0).optional().describe('While generating the latest description'),
  board: z
    .strictObject({
      temperature_c: z.number().nullable().describe('Hottest sensor, in °C; null: no sensor'),
      memory_available_bytes: count,
      memory_total_bytes: count,
      clock_limited: z
        .boolean()
        .nullable()
        .describe(
          'true: a CPU clock is throttled, by heat, power supply or a setting; null: the board does not report it',
        ),
      under_voltage: z
        .boolean()
        .nullable()
        .describe('true: the supply voltage is too low; null: the board does not report it'),
    })
    .optional(),
  memory: z
    .strictObject({
      daemon_bytes: count.describe('RAM used by the daemon'),
      engine_bytes: count.nullable().describe('RAM used by the engine process; null: not running'),
    })
    .optional(),
  cameras: z.record(
    z.string(),
    z.strictObject({
      state: z.enum(['starting', 'online', 'offline']),
      problem: pictureProblem,
      interval_ms: milliseconds.describe('Interval between looks'),
      effective_interval_ms: milliseconds.describe(
        'Interval between descriptions while the engine cannot keep up; else the same',
      ),
      gate: z
        .strictObject({
          measure: z.number().min(0).max(100).nullable().describe('Largest changed region, % of the picture'),
          threshold: z.number().min(0).describe('A larger measure is a change'),
          noise_floor: z.number().min(0).describe('In grey levels'),
        })
        .nullable()
        .describe('State of the gate at the last look; null: no gate, or no look yet'),
    }),
  ),
});

export type CameraStatusPayload = z.output<typeof cameraStatusSchema>;
export type EventPayload = z.output<typeof eventSchema>;
export type DescriptionPayload = z.output<typeof descriptionSchema>;
export type AnswerPayload = z.output<typeof answerSchema>;
export type HealthPayload = z.output<typeof healthSchema>;

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

export function descriptionPayload(observation: Observation, publishedAt: Date): DescriptionPayload {
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
      ...engineTimings(timings),
      total: tenths(observation.totalMs),
    },
    tokens,
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
      Object.entries(cameras).map(([name, { state, problem, intervalMs, effectiveIntervalMs, gate }]) => [
        name,
        {
          state,
          problem,
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

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

export function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
