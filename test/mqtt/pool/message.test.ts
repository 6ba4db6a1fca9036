import { expect, test } from 'vitest';
import { maxAskLength } from '../../../src/contract/questions.ts';
import { promptIn, questionIn } from '../../../src/domain/language.ts';
import { WorkMessage } from '../../../src/mqtt/pool/message.ts';

const image = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
const id = '01M80ETZR3K0WZ785KG7EKMKX8';

function messageOf(payload: Buffer | object, userProperties = {}, properties = {}): WorkMessage {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  return new WorkMessage(bytes, { responseTopic: 'shop/answers', userProperties, ...properties }, 1 << 20);
}

const questions = {
  full: { ask: 'Is it full?', type: 'boolean' },
  boxes: { ask: 'How many boxes?', type: 'integer', min: 0, max: 9 },
  colour: { ask: 'Which colour?', type: 'enum', values: ['red', 'blue'] },
  oddity: { ask: 'What is odd?', type: 'string', max_length: 20 },
  free: { ask: 'What else?' },
};
const asked = [
  { name: 'full', ask: 'Is it full?', type: { kind: 'boolean' } },
  { name: 'boxes', ask: 'How many boxes?', type: { kind: 'integer', min: 0, max: 9 } },
  { name: 'colour', ask: 'Which colour?', type: { kind: 'enum', values: ['red', 'blue'] } },
  { name: 'oddity', ask: 'What is odd?', type: { kind: 'string', maxLength: 20 } },
  { name: 'free', ask: 'What else?' },
];
const item = { id, prompt: 'What?', detail: 'overview', ifBusy: 'refuse', pool: 'boards', questions: asked };

test('a file with user properties and the same as JSON are parsed alike', () => {
  const properties = {
    id,
    prompt: 'What?',
    detail: 'overview',
    if_busy: 'refuse',
    pool: 'boards',
    transaction: 'shelf 7',
  };
  const bare = messageOf(image, { ...properties, questions: JSON.stringify(questions) });
  expect(bare.read()).toEqual({ ...item, image });
  const envelope = messageOf({ schema: 1, ...properties, questions, image: image.toString('base64') });
  expect(envelope.read()).toEqual({ ...item, image });
  for (const { reply } of [bare, envelope])
    expect(reply).toEqual({ topic: 'shop/answers', correlationData: undefined, transaction: 'shelf 7' });
});

test('the longest prompt and question of a config fit with the sentence of a language', () => {
  const prompt = promptIn('pt-BR', 'x'.repeat(4000));
  const { ask } = questionIn('pt-BR', { ask: 'x'.repeat(maxAskLength) });
  const read = messageOf(image, { prompt, questions: JSON.stringify({ free: { ask } }) }).read();
  expect(read).toMatchObject({ prompt, questions: [{ name: 'free', ask }] });
});

test('an image without properties uses the defaults of the worker board', () => {
  const { id: made, ...rest } = messageOf(image).read();
  expect(made).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(rest).toEqual({ image, prompt: null, questions: [], detail: undefined, ifBusy: 'wait', pool: null });
});

test('the response topic of the message takes precedence over that of the JSON', () => {
  const payload = Buffer.from(JSON.stringify({ schema: 1, image: '', response_topic: 'b' }));
  expect(new WorkMessage(payload, { responseTopic: 'a' }, 1 << 20).reply?.topic).toBe('a');
  expect(new WorkMessage(payload, undefined, 1 << 20).reply?.topic).toBe('b');
  expect(new WorkMessage(image, undefined, 1 << 20)).toMatchObject({ reply: null, replyFault: null });
});

test.each([
  ['a/+', /without wildcards/],
  ['a/#', /without wildcards/],
  ['', /at most 512/],
  ['x'.repeat(513), /at most 512/],
  ['a\nb', /without wildcards/],
  ['$SYS/broker', /begin with \$/],
  ['$share/boards/x', /begin with \$/],
  ['scenecast/work/a/b', /must be scenecast\/<device>\/response\/work/],
  ['scenecast/porch/request/restart', /must be scenecast\/<device>\/response\/work/],
  ['scenecast/porch/status', /must be scenecast\/<device>\/response\/work/],
])('a response topic is refused: %j', (responseTopic, fault) => {
  const { reply, replyFault } = messageOf(image, {}, { responseTopic });
  expect(reply).toBeNull();
  expect(replyFault).toMatch(fault);
});

test('a transaction above the maximum length is not echoed', () => {
  const ofLength = (length: number) =>
    messageOf(image, { transaction: 'x'.repeat(length) }).reply?.transaction;
  expect([ofLength(128), ofLength(129)]).toEqual(['x'.repeat(128), undefined]);
});

test('a Scenecast board is answered on its own topic', () => {
  const { reply } = messageOf(image, {}, { responseTopic: 'scenecast/porch-board/response/work' });
  expect(reply?.topic).toBe('scenecast/porch-board/response/work');
});

test.each<[string, Buffer | object, object, RegExp]>([
  ['an unknown user property', image, { promt: 'x' }, /the user properties: .*promt/],
  ['a faulty id', image, { id: '7' }, /^id: /],
  ['questions that are no JSON', image, { questions: '{' }, /the user property questions: not valid JSON/],
  ['a faulty question', image, { questions: '{"a":{"ask":"x","type":"date"}}' }, /a\.type: /],
  ['a property given twice', image, { prompt: ['a', 'b'] }, /^prompt: /],
  ['no JSON', Buffer.from('{"schema":1,'), {}, /the payload: not valid JSON/],
  ['another schema', { schema: 2, image: '' }, {}, /^schema: /],
  ['no base64', { schema: 1, image: '***' }, {}, /^image: /],
  ['an unknown key', { schema: 1, image: '', colour: 1 }, {}, /colour/],
  ['more than the worker takes', { schema: 1, image: 'A'.repeat(2 << 20) }, {}, /accepts at most \d+/],
])('%s is invalid, and can be answered', (_name, payload, userProperties, fault) => {
  const message = messageOf(payload, userProperties);
  expect(message.reply?.topic).toBe('shop/answers');
  expect(() => message.read()).toThrow(
    expect.objectContaining({ code: 'invalid', message: expect.stringMatching(fault) }),
  );
});
