import { z } from 'zod';
import type { RunningWatch, Watch } from '../domain/watch.ts';
import { intervalLimitsS } from './camera-config.ts';
import { name, oneLine, schemaVersion, ulid, utc } from './fields.ts';

const when = z
  .union([z.string().min(1), z.record(z.string(), z.unknown())], {
    error: 'must be a condition such as "people >= 4" or {"not": "gate_open"}',
  })
  .describe('The condition, as `when` of a rule; or the name of a rule');
const every = z.number().min(intervalLimitsS.min).max(intervalLimitsS.max);
const note = oneLine.max(200);
const id = ulid.describe('Id of the watch');

/** What a command to begin a watch says. */
export const watchFields = {
  when,
  every_s: every
    .optional()
    .describe('How often the camera is to be looked at meanwhile, in seconds; default: its interval'),
  until: utc.describe('When the watch ends if it has not come true, at most 7 days ahead'),
  note: note.optional().describe('Repeated in the alert'),
};

export const runningWatchSchema = z.strictObject({
  watch: id,
  camera: name,
  until: utc,
  every_s: z
    .number()
    .describe(
      'How often the board looks at the camera now, in seconds: as asked, if descriptions are fast enough',
    ),
  answer_s: z
    .number()
    .nullable()
    .describe('Median time from a look to its answers, in seconds; null: nothing has been described yet'),
});

export const watchesSchema = z.strictObject({
  schema: schemaVersion,
  watches: z
    .array(
      z.strictObject({
        watch: id,
        camera: name,
        when,
        every_s: every.nullable().describe('null: as the camera is configured'),
        until: utc,
        note: note.nullable(),
      }),
    )
    .describe('Those that run'),
});

export type RunningWatchPayload = z.output<typeof runningWatchSchema>;
export type WatchesPayload = z.output<typeof watchesSchema>;

export function runningWatchPayload({ watch, everyMs, answerMs }: RunningWatch): RunningWatchPayload {
  const { id, camera, until } = watch;
  return {
    watch: id,
    camera,
    until: until.toISOString(),
    every_s: tenths(everyMs),
    answer_s: answerMs === null ? null : tenths(answerMs),
  };
}

export function watchesPayload(watches: readonly Watch[]): WatchesPayload {
  return {
    schema: 1,
    watches: watches.map(({ id, camera, when, everyMs, until, note }) => ({
      watch: id,
      camera,
      when: typeof when === 'string' ? when : { ...when },
      every_s: everyMs === null ? null : everyMs / 1000,
      until: until.toISOString(),
      note,
    })),
  };
}

/** Milliseconds as seconds. */
function tenths(ms: number): number {
  return Math.round(ms / 100) / 10;
}
