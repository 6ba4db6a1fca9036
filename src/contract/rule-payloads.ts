import { z } from 'zod';
import { isPlausible } from '../domain/clock.ts';
import type { Alert, RuleStatus } from '../domain/rule-status.ts';
import { confidence, name, schemaVersion, ulid, utc } from './fields.ts';
import { rounded, summaryOf } from './payloads.ts';

const sure = confidence
  .nullable()
  .describe('Mean confidence of the answers that decided it; null: not decided, or one has none');
const evidence = z
  .array(ulid)
  .describe('Ids of the observations that decided it, oldest first; the last one is the newest');

export const ruleSchema = z.strictObject({
  schema: schemaVersion,
  state: z
    .enum(['on', 'off', 'unknown'])
    .describe('unknown: too few answers agree, or the last ones are too old'),
  since: utc.nullable().describe('When this state began; null: before the first look'),
  confidence: sure,
  evidence,
  reason: z
    .enum(['undecided', 'stale'])
    .nullable()
    .describe(
      'Why it is unknown. undecided: too few answers agree. stale: no look has shown the state for `stale_after`. null: it is not',
    ),
});

export const alertSchema = z.strictObject({
  schema: schemaVersion,
  id: ulid.describe('Id of the newest observation that decided it'),
  camera: name,
  rule: name.nullable().describe('null: it is that of a watch'),
  watch: ulid.nullable().describe('Id of the watch that came true and has ended; null: it is that of a rule'),
  note: z.string().nullable().describe('That of the watch; null: it has none'),
  state: z.enum(['on', 'off']).describe('What the rule turned; of a watch always on'),
  at: utc.describe('When it turned'),
  clock: z
    .literal('unset')
    .optional()
    .describe("Present if the board's clock had not been set by then, and `at` is therefore wrong"),
  summary: z
    .string()
    .max(255)
    .nullable()
    .describe('The newest description on one line; null: there is none yet'),
  confidence: sure,
  evidence,
  image: z.string().nullable().describe("Topic of the camera's picture; null: none is published"),
  late: z
    .literal(true)
    .optional()
    .describe('Present if it turned more than `mqtt.late_after` before this was sent'),
});

export type RulePayload = z.output<typeof ruleSchema>;
export type AlertPayload = z.output<typeof alertSchema>;
/** An alert before it is sent. */
export type RaisedAlertPayload = Omit<AlertPayload, 'late'>;

export function rulePayload({ state, since, confidence, evidence, reason }: RuleStatus): RulePayload {
  return {
    schema: 1,
    state,
    since: since?.toISOString() ?? null,
    confidence: confidence === null ? null : rounded(confidence),
    evidence: [...evidence],
    reason,
  };
}

/** @param image topic of the camera's picture; null: none is published */
export function raisedAlertPayload(
  { camera, rule, watch, state, at, confidence, evidence, text }: Alert,
  image: string | null,
): RaisedAlertPayload {
  return {
    schema: 1,
    id: evidence.at(-1)!,
    camera,
    rule,
    watch: watch?.id ?? null,
    note: watch?.note ?? null,
    state,
    at: at.toISOString(),
    ...(isPlausible(at) ? {} : { clock: 'unset' as const }),
    summary: text === null ? null : summaryOf(text),
    confidence: confidence === null ? null : rounded(confidence),
    evidence: [...evidence],
    image,
  };
}

/** An alert as it is sent; it is late if the rule turned more than `lateAfterMs` before. */
export function alertPayload(raised: RaisedAlertPayload, sentAt: Date, lateAfterMs: number): AlertPayload {
  const isLate = sentAt.getTime() - Date.parse(raised.at) > lateAfterMs;
  return { ...raised, ...(isLate && { late: true as const }) };
}
