import { expect, test } from 'vitest';
import { languageTagOf, promptIn, questionIn } from '../../src/domain/language.ts';

test.each([
  ['de', 'de'],
  ['PT-br', 'pt-BR'],
  ['ger', 'de'],
  ['zh-Hant', 'zh-Hant'],
  ['German', 'de'],
  ['deutsch', 'de'],
  ['Français', 'fr'],
  ['English', 'en'],
])('%s is the language %s', (text, tag) => {
  expect(languageTagOf(text)).toBe(tag);
});

test.each(['', 'xx', 'de_DE', 'de-XX', 'Klingonish', 'und', 'mul', 'mul-DE', 'ZXX', 'x-private'])(
  '"%s" is no language',
  (text) => {
    expect(languageTagOf(text)).toBeNull();
  },
);

test.each(['en', 'en-GB', 'en-US'])('%s leaves the prompt as it is', (language) => {
  expect(promptIn(language, 'Describe the scene.')).toBe('Describe the scene.');
});

test.each([
  ['de', 'Describe the scene. Answer in German.'],
  ['pt-BR', 'Describe the scene. Answer in Brazilian Portuguese.'],
])('%s adds one sentence', (language, prompt) => {
  expect(promptIn(language, 'Describe the scene.')).toBe(prompt);
});

test('only answers in words of its own are in the language', () => {
  const ask = 'What is it?';
  const asked = (type?: Parameters<typeof questionIn>[1]['type']): string =>
    questionIn('de', { ask, ...(type && { type }) }).ask;
  expect(asked()).toBe('What is it? Answer in German.');
  expect(asked({ kind: 'string', maxLength: 9 })).toBe('What is it? Answer in German.');
  expect(asked({ kind: 'boolean' })).toBe(ask);
  expect(asked({ kind: 'integer', min: 0, max: 9 })).toBe(ask);
  expect(asked({ kind: 'enum', values: ['rot'] })).toBe(ask);
});
