import { expect, test } from 'vitest';
import { isThinkingMark, withoutThinking, withThinkingClosed } from '../../src/domain/without-thinking.ts';

test.each([
  ['A gate.', 'A gate.'],
  ['<think>\nIs it open? Yes.\n</think>\n\nThe gate is open.', '\n\nThe gate is open.'],
  ['<think></think>The gate', 'The gate'],
  // The token limit came before the answer.
  ['<think>\nLet me see. The gate', ''],
  ['The gate <think>is it', 'The gate '],
  // The prompt has begun to think.
  ['Let me see.</think>The gate is open.', 'The gate is open.'],
  ['<think>a</think>The gate <think>b</think>is open.<think>c', 'The gate is open.'],
  ['<think>a<think>b</think>The gate', 'The gate'],
  ['<thinking>a</thinking>The gate', 'The gate'],
  ['◁think▷a◁/think▷The gate', 'The gate'],
  ['<|channel>thought\na<channel|>The gate', 'The gate'],
  // Cut off in the middle of a mark.
  ['<thin', ''],
  ['The gate is <b>open</b>, 3 < 4', 'The gate is <b>open</b>, 3 < 4'],
])('%j is published as %j', (text, published) => {
  expect(withoutThinking(text)).toBe(published);
});

test('the marks may be control tokens', () => {
  expect(['<think>', '</think>\n', '<|channel>', '<|im_end|>', ''].map(isThinkingMark)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('thinking that a prompt begins is ended at once', () => {
  const end = '<|im_end|>\n<|im_start|>assistant\n';
  expect(withThinkingClosed(`${end}<think>\n`)).toBe(`${end}<think>\n\n</think>\n\n`);
  expect(withThinkingClosed(`${end}<think>\n\n</think>\n\n`)).toBe(`${end}<think>\n\n</think>\n\n`);
  expect(withThinkingClosed(end)).toBe(end);
});
