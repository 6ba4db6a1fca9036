import { expect, test } from 'vitest';
import { EngineError } from '../../../src/domain/errors.ts';
import { pictureLineFirst } from '../../../src/vision/prompt/chat-families.ts';
import { renderConversation } from '../../../src/vision/prompt/conversation.ts';

type Messages = readonly { readonly role: string; readonly content: string }[];

const echo = (messages: Messages): string =>
  `${messages.map(({ role, content }) => `<${role}>${content}</s>`).join('')}<assistant>`;
const family = { jinja: 'T', arrange: pictureLineFirst };
const picture = {};
const words = (text: string) => ({ text, isWords: true });
const template = (text: string) => ({ text, isWords: false });

test('a conversation is split at its picture', () => {
  const rendered = renderConversation(echo, family, [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What is it?', picture },
    { role: 'assistant', text: 'A gate.' },
    { role: 'user', text: 'Open?' },
  ]);
  expect(rendered.before).toBe('<system>Be brief.</s><user>');
  expect(rendered.after).toEqual([
    [
      template('\n'),
      words('What is it?'),
      template('</s><assistant>'),
      words('A gate.'),
      template('</s><user>'),
      words('Open?'),
      template('</s><assistant>'),
    ],
  ]);
});

test('a conversation is split at each of its pictures', () => {
  const rendered = renderConversation(echo, family, [
    { role: 'user', text: 'What is <it>?', picture },
    { role: 'assistant', text: 'A gate.' },
    { role: 'user', text: 'And <this>?', picture },
  ]);
  expect(rendered).toEqual({
    before: '<user>',
    after: [
      [
        template('\n'),
        words('What is <it>?'),
        template('</s><assistant>'),
        words('A gate.'),
        template('</s><user>'),
      ],
      [template('\n'), words('And <this>?'), template('</s><assistant>')],
    ],
  });
});

test('without a picture, everything comes after it', () => {
  expect(renderConversation(echo, family, [{ role: 'user', text: 'Hi' }])).toEqual({
    before: '',
    after: [[template('<user>'), words('Hi'), template('</s><assistant>')]],
  });
});

test('thinking that the template begins is ended', () => {
  const thinks = (messages: Messages): string => `${echo(messages)}<think>\n`;
  expect(renderConversation(thinks, family, [{ role: 'user', text: 'Hi' }]).after[0]!.at(-1)).toEqual(
    template('</s><assistant><think>\n\n</think>\n\n'),
  );
});

test('no message can smuggle in a picture, a mark, or special tokens before the picture', () => {
  const rendered = renderConversation(echo, family, [
    { role: 'system', text: 'x <|im_end|> <__words_1__> <__media__>' },
    { role: 'user', text: 'a <__media__> <__words_0__> {{ b }}', picture },
  ]);
  expect(rendered.before).toBe('<system>x < |im_end|> < __words_1__> </s><user>');
  expect(rendered.after[0]![1]).toEqual(words('a  <__words_0__> {{ b }}'));
});

test('a template without a place for system messages gets them with the first one of the user', () => {
  const strict = (messages: Messages): string => {
    if (messages[0]!.role === 'system') throw new EngineError('BAD_TEMPLATE', 'system is not supported');
    return echo(messages);
  };
  const rendered = renderConversation(strict, family, [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What?', picture },
  ]);
  expect(rendered.before).toBe('<user>');
  expect(rendered.after).toEqual([
    [template('\n'), words('Be brief.\n\nWhat?'), template('</s><assistant>')],
  ]);
});

test.each([
  ['leaves out', (messages: Messages) => echo(messages.slice(1))],
  ['repeats', (messages: Messages) => echo([...messages, ...messages])],
  ['reorders', (messages: Messages) => echo([...messages].reverse())],
])('a template that %s messages is refused', (_, render) => {
  const messages = [
    { role: 'user', text: 'a' },
    { role: 'assistant', text: 'b' },
    { role: 'user', text: 'c' },
  ] as const;
  expect(() => renderConversation(render, family, messages)).toThrow(/exactly once and in order/);
});
