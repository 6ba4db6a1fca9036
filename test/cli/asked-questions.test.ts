import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { AskedQuestions } from '../../src/cli/asked-questions.ts';

function asked(...flags: readonly (readonly ['ask' | 'type', string])[]): AskedQuestions {
  const questions = new AskedQuestions();
  for (const [flag, text] of flags) questions[flag](text);
  return questions;
}

test('a type belongs to the question before it', () => {
  const { all } = asked(
    ['ask', 'What else?'],
    ['ask', 'Is it open?'],
    ['type', 'boolean'],
    ['ask', 'How many?'],
    ['type', 'integer:0-9'],
    ['ask', 'How warm?'],
    ['type', 'integer:-20--5'],
    ['ask', 'How full?'],
    ['type', 'integer'],
    ['ask', 'Which colour?'],
    ['type', 'enum:red, light green'],
  );
  expect(all).toEqual([
    { name: 'What else?', ask: 'What else?' },
    { name: 'Is it open?', ask: 'Is it open?', type: { kind: 'boolean' } },
    { name: 'How many?', ask: 'How many?', type: { kind: 'integer', min: 0, max: 9 } },
    { name: 'How warm?', ask: 'How warm?', type: { kind: 'integer', min: -20, max: -5 } },
    { name: 'How full?', ask: 'How full?', type: { kind: 'integer', min: 0, max: 100 } },
    { name: 'Which colour?', ask: 'Which colour?', type: { kind: 'enum', values: ['red', 'light green'] } },
  ]);
});

test.each(['yes', 'boolean:x', 'integer:9', 'integer:9-0', 'enum', 'enum:', 'integer:0-9x', 'constructor'])(
  'the type %s is refused with what it must be',
  (type) => {
    expect(() => asked(['ask', 'What?'], ['type', type])).toThrow(InvalidArgumentError);
    expect(() => asked(['ask', 'What?'], ['type', type])).toThrow(
      /^It must be boolean, integer, integer:MIN-MAX or enum:VALUE,VALUE/,
    );
  },
);

test('a type without a question, and a second one, are refused', () => {
  expect(() => asked(['type', 'boolean'])).toThrow('write --ask first');
  expect(() => asked(['ask', 'What?'], ['type', 'boolean'], ['type', 'integer'])).toThrow(
    'write --ask first',
  );
});
