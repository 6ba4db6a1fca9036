import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { windowFacts } from '../../src/daemon/window.ts';
import { confidenceWord } from '../../web/src/confidence-word.ts';
import { formatOf } from '../../web/src/format.ts';
import { ruleSentence } from '../../web/src/rules/rule-sentence.ts';
import { ulidTime } from '../../web/src/rules/ulid-time.ts';
import { keyedAnswers, keyMeaning } from '../../web/src/teach/label-keys.ts';
import { de } from '../../web/src/text/de.ts';
import { en } from '../../web/src/text/en.ts';

const questions = {
  gate_open: { ask: 'Is the gate open?', type: 'boolean' },
  people: { ask: 'How many people are there?', type: 'integer', max: 9 },
  sky: { name: 'The sky', ask: 'What is the sky like?', type: 'enum', values: ['blue', 'grey'] },
};

/** The sentence of a rule as it stands in a config. */
function sentenceOf(rule: object, texts = en): string {
  const config = parseConfig(
    JSON.stringify({
      device: 'board',
      cameras: { porch: { source: { type: 'scene' }, questions, rules: { rule } } },
    }),
    'c.yaml',
  );
  const { porch } = windowFacts(config).cameras;
  return ruleSentence(porch!.rule_specs['rule']!, porch!.questions, texts, formatOf(texts.code));
}

test.each([
  [{ when: 'gate_open' }, 'On when “gate open” is yes.'],
  [
    { when: 'gate_open', agree: '2 of 3', hold: '5m' },
    'On when “gate open” is yes in 2 of 3 looks, for 5 min.',
  ],
  [{ when: { not: 'gate_open' } }, 'On when not (“gate open” is yes).'],
  [{ when: 'people >= 4', agree: '2 of 2' }, 'On when “people” is at least 4 in 2 of 2 looks.'],
  [
    { when: { all: ['gate_open == false', { any: ['people < 1', 'sky != blue'] }] } },
    'On when “gate open” is no and (“people” is less than 1 or “The sky” is not blue).',
  ],
])('the rule %j reads as a sentence', (rule, sentence) => {
  expect(sentenceOf(rule)).toBe(sentence);
});

test('a rule is a sentence in German too', () => {
  expect(sentenceOf({ when: 'people > 3', agree: '2 of 3', hold: '90s' }, de)).toBe(
    'An, wenn „people“ über 3 liegt, bei 2 von 3 Blicken, 2 Min. lang.',
  );
});

test('an id says when it was made', () => {
  const atMs = Date.UTC(2026, 10, 30, 12, 0, 1);
  expect(ulidTime(ulid(atMs))).toBe(atMs);
});

test('a confidence is a word', () => {
  expect([0.99, 0.95, 0.8, 0.61, 0.59, 0].map(confidenceWord)).toEqual([
    'verySure',
    'verySure',
    'sure',
    'rather',
    'unsure',
    'unsure',
  ]);
});

const standing = { name: null, min_confidence: 0, ask: 'What?' };

test('each answer has a key of its own, unless there are too many', () => {
  const integer = (min: number, max: number) => ({ ...standing, type: 'integer' as const, min, max });
  const keys = (spec: Parameters<typeof keyedAnswers>[0]) =>
    keyedAnswers(spec, 'j', 'n').map(({ value, key }) => [value, key]);
  expect(keys({ ...standing, type: 'boolean', device_class: null })).toEqual([
    [true, 'j'],
    [false, 'n'],
  ]);
  expect(keys(integer(0, 2))).toEqual([
    [0, '0'],
    [1, '1'],
    [2, '2'],
  ]);
  expect(keys({ ...standing, type: 'enum', values: ['red', 'green'] })).toEqual([
    ['red', '1'],
    ['green', '2'],
  ]);
  expect([
    keys(integer(0, 10)),
    keys(integer(-1, 1)),
    keys({ name: null, ask: 'What?', type: 'text' }),
  ]).toEqual([[], [], []]);
});

test('keys answer, skip and undo', () => {
  const answers = keyedAnswers({ ...standing, type: 'boolean', device_class: null }, 'y', 'n');
  const meanings = ['Y', 'n', 's', 'ArrowRight', 'u', 'Backspace', 'x', '1'].map((key) =>
    keyMeaning(key, answers),
  );
  expect(meanings).toEqual([
    { value: true },
    { value: false },
    'skip',
    'skip',
    'undo',
    'undo',
    undefined,
    undefined,
  ]);
});
