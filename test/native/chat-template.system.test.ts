import { expect, test } from 'vitest';
import { tinyShape, writeRandomLlava } from '../../tools/test/random-llava.ts';
import { folder, open } from './engine-fixture.ts';

const vicuna =
  "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] }} " +
  "{% elif message['role'] == 'user' %}USER: {{ message['content'] }} " +
  "{% else %}ASSISTANT: {{ message['content'] }}{{ eos_token }}{% endif %}{% endfor %}" +
  '{% if add_generation_prompt %}ASSISTANT:{% endif %}';
const engine = await open(writeRandomLlava(folder, tinyShape, { chatTemplate: vicuna }));
const bare = await open(writeRandomLlava(folder, tinyShape, { name: 'bare' }));
const ask = [{ role: 'user', content: '<image>\nWhat is "open"?' }];

test("the model's own template is the default, and does not double the begin token", () => {
  expect(engine.applyChatTemplate(ask)).toBe('USER: <image>\nWhat is "open"? ASSISTANT:');
  expect(engine.applyChatTemplate(ask, { addGenerationPrompt: false })).toBe(
    'USER: <image>\nWhat is "open"? ',
  );
});

test('a conversation is rendered in order', () => {
  const conversation = [
    { role: 'system', content: 'Be brief.' },
    ...ask,
    { role: 'assistant', content: 'The gate – é.' },
    { role: 'user', content: 'Sure?' },
  ];
  expect(engine.applyChatTemplate(conversation)).toBe(
    'Be brief. USER: <image>\nWhat is "open"? ASSISTANT: The gate – é.</s>USER: Sure? ASSISTANT:',
  );
});

test('another template can be given, also one that wants content in parts', () => {
  expect(engine.applyChatTemplate(ask, { template: '[INST] {{ messages[0].content }} [/INST]' })).toBe(
    '[INST] <image>\nWhat is "open"? [/INST]',
  );
  const parts =
    '{% for m in messages %}{% for part in m.content %}{{ part.type }}={{ part.text }};{% endfor %}{% endfor %}';
  expect(engine.applyChatTemplate([{ role: 'user', content: 'hi' }], { template: parts })).toBe('text=hi;');
});

test('a template that can switch thinking off does', () => {
  // As in Qwen3's.
  const template =
    '{{ messages[0].content }}{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>{% endif %}';
  expect(engine.applyChatTemplate(ask, { template })).toMatch(/<think>\n\n<\/think>$/);
});

test.each([
  ['{% for m in %}', /does not parse/],
  ['{{ 1 +', /does not parse/],
  ['{% if true %}never closed', /does not parse/],
  ["{{ raise_exception('roles must alternate') }}", /roles must alternate/],
  ['{{ messages[0].content | nosuchfilter }}', /nosuchfilter/],
])('%s is refused with the reason', (template, message) => {
  expect(() => engine.applyChatTemplate(ask, { template })).toThrow(
    expect.objectContaining({ code: 'BAD_TEMPLATE', message: expect.stringMatching(message) }),
  );
});

test('a model without template needs one', () => {
  expect(() => bare.applyChatTemplate(ask)).toThrow(expect.objectContaining({ code: 'NO_TEMPLATE' }));
  expect(bare.applyChatTemplate(ask, { template: vicuna })).toContain('USER:');
});
