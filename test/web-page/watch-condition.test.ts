import { expect, test } from 'vitest';
import { formatOf } from '../../web/src/format.ts';
import { choicesOf, comparisonsOf, watchText } from '../../web/src/rules/watch-condition.ts';
import { de } from '../../web/src/text/de.ts';
import { en } from '../../web/src/text/en.ts';

const standing = { name: null, min_confidence: 0, ask: 'What?' };
const camera = {
  questions: {
    gate_open: { ...standing, type: 'boolean' as const, device_class: null },
    people: { ...standing, name: 'Guests', type: 'integer' as const, min: 0, max: 9 },
    sky: { ...standing, type: 'enum' as const, values: ['blue', 'light grey'] },
  },
  rule_specs: {
    left_open: {
      name: 'Left open',
      when: { kind: 'compare' as const, question: 'gate_open', is: '==' as const, value: true },
      agree: { votes: 2, of: 3 },
      hold_s: 0,
      cooldown_s: 0,
    },
  },
};

test.each([
  ['gate_open', '“gate open” is yes'],
  ['gate_open == false', '“gate open” is no'],
  ['people >= 4', '“Guests” is at least 4'],
  ['sky != light grey', '“sky” is not light grey'],
  ['left_open', 'rule “Left open” is on'],
  [{ not: 'gate_open' }, '{"not":"gate_open"}'],
  ['something else', 'something else'],
])('the watch for %j reads as %s', (when, text) => {
  expect(watchText(when, camera, en, formatOf('en'))).toBe(text);
});

test('a watch is in words though its camera is no longer configured, and in German', () => {
  expect(watchText('gate_open == true', undefined, en, formatOf('en'))).toBe('“gate open” is yes');
  expect(watchText('people < 2', camera, de, formatOf('de'))).toBe('„Guests“ unter 2 liegt');
});

test('a question is compared as its answers allow', () => {
  const { gate_open, people, sky } = camera.questions;
  expect([comparisonsOf(gate_open), comparisonsOf(sky)]).toEqual([['=='], ['==', '!=']]);
  expect(comparisonsOf(people)).toContain('>=');
  expect([choicesOf(gate_open), choicesOf(sky), choicesOf(people)]).toEqual([[true, false], sky.values, []]);
});
