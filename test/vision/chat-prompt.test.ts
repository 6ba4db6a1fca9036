import { expect, test } from 'vitest';
import { chooseTemplate, renderPrompt } from '../../src/vision/chat-prompt.ts';

const echo = (messages: readonly { content: string }[], jinja: string): string =>
  `${jinja}[${messages[0]!.content}]`;

test('the config’s template goes before the GGUF’s own, and vicuna is what is left', () => {
  expect(chooseTemplate('my {{ template }}', 'gguf')).toEqual({
    source: 'config',
    jinja: 'my {{ template }}',
  });
  expect(chooseTemplate(null, 'gguf')).toEqual({ source: 'gguf', jinja: 'gguf' });
  const vicuna = chooseTemplate(null, null);
  expect(vicuna.source).toBe('vicuna');
  expect(chooseTemplate('vicuna', 'gguf')).toEqual({ source: 'config', jinja: vicuna.jinja });
});

test('the prompt is cut where the picture goes', () => {
  expect(renderPrompt(echo, 'T', 'What is it?')).toEqual({ before: 'T[', after: '\nWhat is it?]' });
});

test('a question cannot smuggle in a second picture', () => {
  expect(renderPrompt(echo, '', 'a <__media__> b')).toEqual({ before: '[', after: '\na  b]' });
});

test.each([
  ['drops the message', (): string => 'nothing'],
  ['says it twice', (messages: readonly { content: string }[]): string => messages[0]!.content.repeat(2)],
])('a template that %s is refused', (_name, render) => {
  expect(() => renderPrompt(render, '', 'x')).toThrow(/model\.chat_template: .*exactly once/);
});
