import { expect, test } from 'vitest';
import { PlainLines } from '../../../src/cli/watch/plain-lines.ts';
import { boardMessageOf } from '../../../src/mqtt/board-messages.ts';

const at = '2026-11-30T12:00:00.000Z';
const id = '01KADQ0000000000000000000A';

function sayer(): (topic: string, payload: object) => string | null {
  const lines = new PlainLines();
  return (topic, payload) =>
    lines.lineOf(boardMessageOf(`scenecast/orion/${topic}`, Buffer.from(JSON.stringify(payload)))!);
}

test('an answer is said when it changes, with how sure it is', () => {
  const say = sayer();
  const answer = (value: unknown, confidence: number | null): object => ({
    ...{ schema: 1, value, confidence, calibrated: false, id, captured_at: at },
    reason: value === null ? 'uncertain' : null,
  });
  expect(say('porch/answer/gate', answer(true, 0.97))).toBe(`${at} orion/porch: gate: true (very sure)\n`);
  expect(say('porch/answer/gate', answer(true, 0.7))).toBeNull();
  expect(say('porch/answer/gate', answer(null, 0.4))).toBe(`${at} orion/porch: gate: uncertain\n`);
  expect(say('yard/answer/gate', answer('null', null))).toBe(`${at} orion/yard: gate: null\n`);
});

test('a rule is said when it turns', () => {
  const say = sayer();
  const rule = (state: string, since: string | null, more: object = {}): object => ({
    ...{ schema: 1, state, since, confidence: null, evidence: [id], reason: null, ...more },
  });
  expect(say('porch/rule/open', rule('unknown', null, { reason: 'undecided' }))).toMatch(
    /^20.* orion\/porch: open is unknown \(undecided\)\n$/,
  );
  expect(say('porch/rule/open', rule('on', at, { confidence: 0.9 }))).toBe(
    `${at} orion/porch: open is on (sure)\n`,
  );
  expect(say('porch/rule/open', rule('on', at, { confidence: 0.97 }))).toBeNull();
  expect(say('porch/rule/open', rule('off', at))).toBe(`${at} orion/porch: open is off\n`);
});

test('an alert is said once', () => {
  const say = sayer();
  const alert = {
    ...{ schema: 1, id, camera: 'porch', rule: 'open', watch: null, note: null, state: 'on', at },
    ...{ summary: 'A gate.', confidence: 0.99, evidence: [id], image: null },
  };
  expect(say('porch/alert', alert)).toBe(`${at} orion/porch: alert: open is on (very sure)\n`);
  expect(say('porch/alert', alert)).toBeNull();
  expect(say('porch/alert', { ...alert, state: 'off' })).toContain('alert: open is off');
});
