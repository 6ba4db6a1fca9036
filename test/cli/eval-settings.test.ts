import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  chosenLabels,
  parseCompared,
  settingOf,
  unconfiguredQuestions,
  withCompared,
} from '../../src/cli/eval-settings.ts';
import { configSchema } from '../../src/config/schema.ts';
import type { Label, LabelledType } from '../../src/domain/label.ts';

const labelOf = (camera: string, name: string, value: Label['value'] = true): Label => {
  const type: LabelledType =
    typeof value === 'number' ? { kind: 'integer', min: 0, max: 9 } : { kind: 'boolean' };
  return { picture: '1.jpg', camera, question: { name, ask: `${name}?`, type }, value, by: null, at: null };
};
const labels = [labelOf('porch', 'gate'), labelOf('porch', 'cat'), labelOf('yard', 'gate')];

describe('labels', () => {
  test('are chosen by camera and question', () => {
    expect(chosenLabels(labels, 'set', {})).toEqual(labels);
    expect(chosenLabels(labels, 'set', { camera: 'porch', question: 'cat' })).toEqual([labels[1]]);
  });

  test.each<[readonly Label[], object, string]>([
    [[], {}, '/set: has no labels; make some with scenecast label set'],
    [
      labels,
      { camera: 'shed' },
      'no labels are of that camera and question; there are cameras porch, yard, questions gate, cat',
    ],
    [
      labels,
      { ask: 'Is it?' },
      'the wording is of one question: choose it with --question, one of gate, cat',
    ],
  ])('%#: none, or too many, is a fault with its remedy', (all, flags, fault) => {
    expect(() => chosenLabels(all, 'set', flags)).toThrow(fault);
  });

  test('one wording may be of one question of several cameras', () => {
    expect(chosenLabels(labels, 'set', { question: 'gate', ask: 'Is it?' })).toHaveLength(2);
  });
});

test('questions that have been renamed, or are free text now, are known', () => {
  const config = configSchema.parse({
    cameras: {
      porch: {
        source: { type: 'scene' },
        questions: { gate: { ask: 'Is it?', type: 'boolean' }, cat: { ask: 'What does it do?' } },
      },
    },
  });
  expect(unconfiguredQuestions(config, [...labels, ...labels])).toEqual(['porch/cat', 'yard/gate']);
});

describe('the second setting', () => {
  test('is what differs from the first', () => {
    const ask = parseCompared('ask=Is it = that?');
    expect(parseCompared('model=quick', ask)).toEqual({ ask: 'Is it = that?', model: 'quick' });
    const compared = parseCompared('image_tokens=900', ask);
    expect(withCompared({ ask: 'Is it?', detail: 'full' }, compared)).toEqual({
      ask: 'Is it = that?',
      detail: 'full',
      imageTokens: 900,
    });
  });

  test.each([
    ['Is it?', 'It must be ask=..., model=..., detail=..., image_tokens=..., prompt=...'],
    ['ask=', 'It must be ask=..., model=...'],
    ['threads=4', 'It must be ask=..., model=...'],
    ['detail=most', 'detail must be one of overview, balanced, full.'],
    ['image_tokens=0', 'image_tokens must be a whole number of at least 1.'],
  ])('%s is refused', (text, fault) => {
    expect(() => parseCompared(text)).toThrow(fault);
  });
});

describe('a setting', () => {
  test('asks as the flags say, else as the label was asked', async () => {
    const label = labelOf('porch', 'gate');
    expect((await settingOf({})).questionOf(label)).toEqual(label.question);
    expect((await settingOf({ ask: 'Is it?' })).questionOf(label)?.ask).toBe('Is it?');
  });

  test('needs a model where the config describes elsewhere', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scenecast-eval-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const config = join(folder, 'c.yaml');
    writeFileSync(
      config,
      'engine: { url: http://127.0.0.1:1 }\ncameras: { porch: { source: { type: scene } } }',
    );
    await expect(settingOf({ config })).rejects.toThrow('name it with --model');
    expect((await settingOf({ config, model: 'models/demo' })).model.path).toBe('models/demo');
  });

  test('is of the demo model, and describes only with a prompt', async () => {
    const { model, prompt } = await settingOf({ detail: 'overview' });
    expect([model.path, model.detail, prompt]).toEqual(['models/demo', 'overview', null]);
    expect(model.image_tokens).toBeNull();
    expect((await settingOf({ imageTokens: 150 })).model.image_tokens).toBe(150);
    expect((await settingOf({ prompt: 'Describe.' })).prompt).toBe('Describe.');
  });
});
