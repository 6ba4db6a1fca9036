import { expect, test } from 'vitest';
import {
  alertPayload,
  alertSchema,
  raisedAlertPayload,
  rulePayload,
  ruleSchema,
} from '../../src/contract/rule-payloads.ts';
import type { Alert } from '../../src/domain/rule-status.ts';
import { alertWithRightTime } from '../../src/mqtt/publishing/stored-alert.ts';

const id = '01KAGX4V6Q8Z1Y2X3W4V5T6S7R';
const at = new Date('2026-11-21T12:00:00Z');

test('a rule says since when, how sure, and what it rests on', () => {
  const status = { state: 'on', since: at, confidence: 0.91239, evidence: [id], reason: null } as const;
  expect(ruleSchema.parse(rulePayload(status))).toEqual({
    schema: 1,
    state: 'on',
    since: '2026-11-21T12:00:00.000Z',
    confidence: 0.9124,
    evidence: [id],
    reason: null,
  });
  const before = {
    state: 'unknown',
    since: null,
    confidence: null,
    evidence: [],
    reason: 'undecided',
  } as const;
  expect(ruleSchema.parse(rulePayload(before))).toMatchObject({ state: 'unknown', since: null });
});

const alert: Alert = {
  camera: 'porch',
  rule: 'crowd',
  watch: null,
  state: 'on',
  at,
  confidence: null,
  evidence: ['01KAGX3V6Q8Z1Y2X3W4V5T6S7R', id],
  text: 'Four people\nin the yard.',
};

test('an alert has the sentence and the newest frame that decided it; it is late if it turned longer ago than allowed', () => {
  const raised = raisedAlertPayload(alert, 'scenecast/shed/porch/image');
  const sent = (ms: number) => alertSchema.parse(alertPayload(raised, new Date(at.getTime() + ms), 60_000));
  expect(sent(60_000)).toEqual({
    schema: 1,
    id,
    camera: 'porch',
    rule: 'crowd',
    watch: null,
    note: null,
    state: 'on',
    at: '2026-11-21T12:00:00.000Z',
    summary: 'Four people in the yard.',
    confidence: null,
    evidence: alert.evidence,
    image: 'scenecast/shed/porch/image',
  });
  expect(sent(60_001)).toMatchObject({ late: true });
});

test('once the clock is set, the time of an alert from before is corrected', () => {
  const unset = raisedAlertPayload({ ...alert, at: new Date('1970-01-01T00:00:10Z') }, null);
  expect(alertSchema.parse(unset)).toMatchObject({ clock: 'unset' });
  const stored = { alert: unset, storedAt: { boot: 'this', ms: 10_000 } };
  const now = new Date('2026-11-30T06:00:00Z');
  expect(alertWithRightTime(stored, now, { boot: 'another', ms: 70_000 })).toBe(unset);
  const corrected = alertWithRightTime(stored, now, { boot: 'this', ms: 70_000 });
  expect(corrected.at).toBe('2026-11-30T05:59:00.000Z');
  expect(corrected).not.toHaveProperty('clock');
});
