import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  automationSchema,
  blueprintSchema,
  cardSchema,
  dashboardSchema,
  scriptSchema,
} from '../../tools/test/home-assistant-config-schema.ts';
import {
  inputsIn,
  inputsOf,
  parseHomeAssistantYaml,
  withInputs,
} from '../../tools/test/home-assistant-yaml.ts';

const folder = join(import.meta.dirname, '../../docs/home-assistant');
const read = (name: string) => parseHomeAssistantYaml(readFileSync(join(folder, name), 'utf8'));

/** What an owner chooses for the inputs without a default. */
const blueprints = {
  'notify-when-an-answer-turns.yaml': {
    schema: automationSchema,
    values: {
      answer: 'binary_sensor.workshop_porch_answer_gate_open',
      phone: 'faadde5365842003e8ca55267fe9d1f4',
    },
  },
  'ask-and-speak.yaml': { schema: scriptSchema, values: { board: 'workshop', camera: 'porch' } },
};
const others = {
  'ask-by-voice.yaml': automationSchema,
  'dashboard.yaml': dashboardSchema,
  'answers-history-card.yaml': cardSchema,
};

test('every file is checked', () => {
  expect(globSync('*.yaml', { cwd: folder }).sort()).toEqual(
    [...Object.keys(blueprints), ...Object.keys(others)].sort(),
  );
});

describe.each(Object.entries(blueprints))('%s', (name, { schema, values }) => {
  test('has a head that Home Assistant accepts', () => {
    blueprintSchema.parse(read(name).blueprint);
  });

  test('uses each of its inputs, and no other', () => {
    const { blueprint, ...config } = read(name);
    expect([...inputsIn(config)].sort()).toEqual(Object.keys(inputsOf(blueprint)).sort());
  });

  test('is one that Home Assistant accepts, once the inputs without a default are chosen', () => {
    schema.parse(withInputs(read(name), values));
    for (const left of Object.keys(values)) {
      const { [left]: _, ...rest } = values as Record<string, string>;
      expect(() => withInputs(read(name), rest)).toThrow(`the input ${left} has no value`);
    }
  });

  test('names no entity: all are chosen', () => {
    const { blueprint: _, ...config } = read(name);
    expect(JSON.stringify(config)).not.toMatch(/workshop|porch/);
  });
});

test.each(Object.entries(others))('%s is one that Home Assistant accepts', (name, schema) => {
  schema.parse(read(name));
});

test('the page links to every file', () => {
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  for (const name of [...Object.keys(blueprints), ...Object.keys(others)])
    expect(page).toContain(`(${name})`);
});
