import { z } from 'zod';
import type { EngineHealth, Health } from '../domain/health.ts';
import { modelRoles } from '../domain/model-role.ts';
import { count, engineState, milliseconds, pictureProblem, schemaVersion, utc } from './fields.ts';
import { tenths } from './payloads.ts';

const engineSchema = z.strictObject({
  engine: engineState.describe('failing: the last description failed, and none has succeeded since'),
  queue_depth: count.describe('Frames waiting for the engine, at most one per camera and model'),
  timing_ms: z
    .strictObject({ p50: milliseconds, p95: milliseconds })
    .optional()
    .describe('From capture to the end of the description, over the latest descriptions'),
  tokens_per_second: z.number().min(0).optional().describe('While generating the latest description'),
});

export const healthSchema = z.strictObject({
  schema: schemaVersion,
  at: utc,
  engine: engineSchema.shape.engine,
  queue_depth: engineSchema.shape.queue_depth,
  models: z
    .record(z.enum(modelRoles), engineSchema)
    .optional()
    .describe('Each of two models; `timing_ms` and `tokens_per_second` beside are those of the thorough one'),
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
  timing_ms: engineSchema.shape.timing_ms,
  tokens_per_second: engineSchema.shape.tokens_per_second,
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
  remote_engine: z
    .strictObject({
      state: z.enum(['ok', 'failing']).describe('failing: the last frame sent to it was not described'),
      reason: z.string().nullable().describe('Why it is failing; else null'),
      retry_at: utc.nullable().describe('When it is tried again; null: with the next frame'),
    })
    .optional()
    .describe('The server that describes, if `engine` names an address'),
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

export type HealthPayload = z.output<typeof healthSchema>;

export function healthPayload(health: Health, at: Date): HealthPayload {
  const { frames, cameras, outbox, board, memory, remoteEngine, models } = health;
  const { engine, queue_depth, ...speed } = enginePayload(health);
  return {
    schema: 1,
    at: at.toISOString(),
    engine,
    queue_depth,
    ...(models && {
      models: { quick: enginePayload(models.quick), thorough: enginePayload(models.thorough) },
    }),
    frames: { ...frames },
    ...(outbox && { outbox: { ...outbox } }),
    ...speed,
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
    ...(remoteEngine && {
      remote_engine: {
        state: remoteEngine.state,
        reason: remoteEngine.reason,
        retry_at: remoteEngine.retryAt?.toISOString() ?? null,
      },
    }),
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

function enginePayload({
  engine,
  queueDepth,
  timing,
  tokensPerSecond,
}: EngineHealth): z.output<typeof engineSchema> {
  return {
    engine,
    queue_depth: queueDepth,
    ...(timing && { timing_ms: { p50: tenths(timing.p50Ms), p95: tenths(timing.p95Ms) } }),
    ...(tokensPerSecond !== undefined && { tokens_per_second: tenths(tokensPerSecond) }),
  };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
