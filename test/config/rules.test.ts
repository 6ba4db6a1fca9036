import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { rulesOf } from '../../src/config/rule-schema.ts';
import type { Rule } from '../../src/domain/rule.ts';

const questions = {
  gate_open: { ask: 'Is the gate open?', type: 'boolean' },
  people: { ask: 'How many people?', type: 'integer', max: 9 },
  sky: { ask: 'How is the sky?', type: 'enum', values: ['clear', 'light grey'] },
  oddity: { ask: 'What is unusual?', type: 'string' },
  free: { ask: 'What else?' },
};

function rulesIn(rules: object): Rule[] {
  const cameras = { porch: { source: { type: 'scene' }, questions, rules } };
  return rulesOf(parseConfig(JSON.stringify({ cameras }), 'c.yaml').cameras['porch']!);
}

/** The only line of the message after the first. */
function faultOf(rules: object): string {
  try {
    rulesIn(rules);
  } catch (error) {
    const [, line = '', ...more] = (error as Error).message.split('\n');
    expect(more).toEqual([]);
    return line.replace(/^ *line 1: /, '');
  }
  return '';
}

const open = { kind: 'compare', question: 'gate_open', is: '==', value: true } as const;

test('a rule needs only a condition', () => {
  expect(rulesIn({ gate: { when: 'gate_open' } })).toEqual([
    { name: 'gate', when: open, agree: { votes: 1, of: 1 }, holdMs: 0, cooldownMs: 0 },
  ]);
  expect(rulesIn({ gate: { when: 'gate_open', agree: '2 of 3', hold: '5m', cooldown: '30m' } })).toEqual([
    { name: 'gate', when: open, agree: { votes: 2, of: 3 }, holdMs: 300_000, cooldownMs: 1_800_000 },
  ]);
});

test.each<[unknown, Rule['when']]>([
  ['gate_open == false', { ...open, value: false }],
  ['people >= 4', { kind: 'compare', question: 'people', is: '>=', value: 4 }],
  ['people<4', { kind: 'compare', question: 'people', is: '<', value: 4 }],
  [' people != 0 ', { kind: 'compare', question: 'people', is: '!=', value: 0 }],
  ['sky == light grey', { kind: 'compare', question: 'sky', is: '==', value: 'light grey' }],
  ['sky != "clear"', { kind: 'compare', question: 'sky', is: '!=', value: 'clear' }],
  [{ not: 'gate_open' }, { kind: 'not', of: open }],
  [
    { all: ['gate_open', { any: ['people > 2', { not: 'sky == clear' }] }] },
    {
      kind: 'all',
      of: [
        open,
        {
          kind: 'any',
          of: [
            { kind: 'compare', question: 'people', is: '>', value: 2 },
            { kind: 'not', of: { kind: 'compare', question: 'sky', is: '==', value: 'clear' } },
          ],
        },
      ],
    },
  ],
])('the condition %j is read', (when, read) => {
  expect(rulesIn({ a: { when } })[0]!.when).toEqual(read);
});

describe('what cannot be is refused with field, value and remedy', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 'gate_open' : { not: nested(depth - 1) });
  test.each<[unknown, RegExp]>([
    ['gate_opn', /^cameras\.porch\.rules\.a\.when: .*none is named gate_opn: did you mean gate_open\?/],
    ['xyz', /none is named xyz: there are: gate_open, people, sky, oddity, free/],
    ['constructor', /none is named constructor/],
    ['people', /must compare people, as it is of type integer, not boolean \(it is "people"\)/],
    ['gate_open > 1', /must compare gate_open with == or !=, as it is of type boolean, not integer/],
    ['gate_open == 1', /must compare gate_open with true or false/],
    ['people = 4', /must compare with ==, as = is not one/],
    ['people >= four', /must compare people with a whole number from 0 to 9/],
    ['people >= 10', /must compare people with a whole number from 0 to 9/],
    ['people >= 2.5', /must compare people with a whole number from 0 to 9/],
    ['sky == blue', /must compare sky with one of its values: clear, light grey/],
    ['sky < clear', /must compare sky with == or !=/],
    ['oddity == x', /must not use oddity, as it is of type string; give it type boolean, integer or enum/],
    ['free', /must compare free, as it is free text/],
    ['free == x', /must not use free, as it is free text/],
    ['not gate_open', /must be such as gate_open, people >= 4/],
    ['', /must be such as gate_open/],
    [4, /must be such as gate_open/],
    [{ none: ['gate_open'] }, /must be such as gate_open/],
    [{ not: 'gate_open', all: ['gate_open'] }, /must be such as gate_open/],
    [{ all: [] }, /^cameras\.porch\.rules\.a\.when\.all: must be a list of 1 to 20 conditions/],
    [{ any: 'gate_open' }, /^cameras\.porch\.rules\.a\.when\.any: must be a list of 1 to 20 conditions/],
    [{ all: ['gate_open', 'peple > 1'] }, /^cameras\.porch\.rules\.a\.when\.all\.1: .*did you mean people\?/],
    [nested(12), /must not be nested more than 5 deep/],
  ])('%j', (when, fault) => {
    expect(faultOf({ a: { when } })).toMatch(fault);
  });

  test.each([
    [{}, /rules\.a\.when: must be such as gate_open/],
    [{ when: 'gate_open', agree: '1 of 2' }, /rules\.a\.agree: must be such as 2 of 3: more than half/],
    [{ when: 'gate_open', agree: '4 of 3' }, /rules\.a\.agree: must be such as 2 of 3/],
    [{ when: 'gate_open', agree: '11 of 21' }, /rules\.a\.agree: must be such as 2 of 3/],
    [{ when: 'gate_open', agree: 2 }, /rules\.a\.agree: must be such as 2 of 3/],
    [{ when: 'gate_open', hold: 5 }, /rules\.a\.hold: must be a duration/],
    [{ when: 'gate_open', holds: '5m' }, /rules\.a: unknown key "holds"; did you mean "hold"\?/],
  ])('%j', (rule, fault) => {
    expect(faultOf({ a: rule })).toMatch(fault);
  });

  test('names that would be the same in Home Assistant', () => {
    expect(faultOf({ crowd: { when: 'people > 1' }, Crowd: { when: 'people > 2' } })).toMatch(
      /rules\.Crowd: differs from crowd only in case/,
    );
  });
});
