import type { IPublishPacket } from 'mqtt';
import { connectAsync } from 'mqtt';
import { ulid } from 'ulid';
import { expect, onTestFinished, test } from 'vitest';
import {
  askResponseSchema,
  describeResponseSchema,
  feedbackResponseSchema,
  restartResponseSchema,
  setResponseSchema,
  watchResponseSchema,
} from '../../../src/contract/requests.ts';
import type { Verb } from '../../../src/contract/topics.ts';
import type { CameraSettings } from '../../../src/domain/camera-settings.ts';
import type { DescriptionOptions, DescriptionResult } from '../../../src/domain/description-options.ts';
import { CommandError } from '../../../src/domain/errors.ts';
import type { Feedback } from '../../../src/domain/feedback.ts';
import { Commands, type CommandsOptions } from '../../../src/mqtt/commands/commands.ts';
import { startBroker, startPublisher, subscribe } from '../../../tools/test/mqtt.ts';
import { observation } from '../../../tools/test/observation.ts';
import type { Subscriber } from '../../../tools/test/subscriber.ts';
import { until } from '../../../tools/test/until.ts';

const base = 'scenecast/test';
const topic = (name: string): string => `${base}/${name}`;
const everything = {
  describe: true,
  ask: true,
  feedback: true,
  restart: true,
  watch: true,
  set: ['paused', 'interval', 'prompt'],
} as const;

interface Setup {
  readonly caller: Subscriber;
  /** Response messages with their properties, by the time they came. */
  readonly packets: IPublishPacket[];
  readonly requests: [string | null, DescriptionOptions][];
  readonly changes: [string, Partial<CameraSettings>][];
  readonly watches: object[];
  readonly unwatched: string[];
  readonly feedback: Feedback[];
  readonly log: Awaited<ReturnType<typeof startPublisher>>['log'];
  readonly commands: Commands;
  restarts: number;
}

async function setUp(options: Partial<CommandsOptions> = {}): Promise<Setup> {
  const broker = await startBroker();
  const caller = await subscribe(broker.url);
  const { publisher, log } = await startPublisher(broker.url);
  const packets: IPublishPacket[] = [];
  let taken = 0;
  caller.client.on('message', (_topic, _payload, packet) => void packets.push(packet));
  const setup = {
    caller,
    packets,
    log,
    restarts: 0,
    requests: [],
    changes: [],
    watches: [],
    unwatched: [],
    feedback: [],
  } as unknown as Setup;
  const commands = new Commands({
    device: 'test',
    cameras: ['porch', 'yard'],
    allowed: everything,
    rate: 1000,
    burst: 1000,
    timeoutMs: 60_000,
    request: async (camera, options): Promise<DescriptionResult> => {
      setup.requests.push([camera, options]);
      return { observation: observation({ camera: camera ?? 'porch' }), answer: options.ask ? 2 : null };
    },
    feedback: async (feedback) => {
      setup.feedback.push(feedback);
      return { id: ulid(), camera: 'porch', question: 'gate_open', value: false };
    },
    restart: async () => {
      setup.restarts++;
    },
    watch: async ({ camera, ...asked }) => {
      setup.watches.push(asked);
      const watch = { ...asked, id: '01KAGX4V6Q8Z1Y2X3W4V5T6S7R', camera: camera ?? 'porch' };
      return { watch, everyMs: 12_340, answerMs: null };
    },
    unwatch: async (id) => {
      setup.unwatched.push(id);
    },
    set: async (camera, change) => {
      setup.changes.push([camera, change]);
      return { paused: false, intervalMs: 10_000, prompt: 'default', ...change };
    },
    subscribe: async (name, onMessage, signal) => {
      const end = await publisher.subscribe(name, onMessage, signal);
      taken++;
      return end;
    },
    send: (message) => publisher.send(message),
    log,
    ...options,
  });
  onTestFinished(() => commands.close());
  commands.start();
  await until(() => taken === 6 + 2 * 3);
  return Object.assign(setup, { commands });
}

/** The responses of one kind, once there are `count`. */
async function responses(
  { caller }: Setup,
  kind: Verb | 'set',
  count = 1,
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any response
): Promise<any[]> {
  await until(() => caller.json(topic(`response/${kind}`)).length >= count);
  return caller.json(topic(`response/${kind}`));
}

const say = (
  { caller }: Setup,
  name: string,
  payload: string | Buffer | object,
  retain = false,
): Promise<unknown> =>
  caller.client.publishAsync(
    topic(name),
    typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
    { qos: 1, retain },
  );

test('a description is requested as in the contract, and the response has the transaction', async () => {
  const setup = await setUp();
  await say(setup, 'request/describe', {
    camera: 'yard',
    prompt: 'brief',
    detail: 'overview',
    questions: ['gate_open'],
    transaction: 'a-1',
  });
  const [response] = await responses(setup, 'describe');
  expect(describeResponseSchema.parse(response)).toMatchObject({
    status: 'ok',
    error: null,
    transaction: 'a-1',
    data: { camera: 'yard', schema: 1 },
  });
  expect(setup.requests).toEqual([
    ['yard', { prompt: 'brief', detail: 'overview', questions: ['gate_open'] }],
  ]);
  await say(setup, 'request/describe', {});
  await responses(setup, 'describe', 2);
  expect(setup.requests[1]).toEqual([null, {}]);
});

test('a question is asked with its type, and the answer repeats the question', async () => {
  const setup = await setUp();
  const question = { ask: 'How many bicycles are there?', type: 'integer', max: 9 };
  await say(setup, 'request/ask', { camera: 'porch', question, transaction: '2' });
  const [response] = await responses(setup, 'ask');
  expect(askResponseSchema.parse(response)).toMatchObject({
    data: { camera: 'porch', ask: question.ask, value: 2 },
    transaction: '2',
  });
  expect(setup.requests).toEqual([
    ['porch', { ask: { ask: question.ask, type: { kind: 'integer', min: 0, max: 9 } } }],
  ]);
});

test('a watch is begun with what it waits for, and ended by its id', async () => {
  const setup = await setUp();
  const until = '2026-12-01T12:00:00.000Z';
  await say(setup, 'request/watch', {
    camera: 'yard',
    when: 'people >= 4',
    every_s: 0.5,
    until,
    note: 'Guests',
  });
  await say(setup, 'request/watch', { when: { not: 'gate_open' }, until, transaction: '2' });
  const answers = await responses(setup, 'watch', 2);
  const [watch] = answers.map((answer) => watchResponseSchema.parse(answer).data!);
  expect(watch).toEqual({
    ...{ watch: '01KAGX4V6Q8Z1Y2X3W4V5T6S7R', camera: 'yard', until },
    ...{ every_s: 12.3, answer_s: null },
  });
  expect(setup.watches).toEqual([
    { when: 'people >= 4', everyMs: 500, until: new Date(until), note: 'Guests' },
    { when: { not: 'gate_open' }, everyMs: null, until: new Date(until), note: null },
  ]);
  await say(setup, 'request/unwatch', { watch: watch!.watch });
  expect(await responses(setup, 'unwatch')).toMatchObject([{ status: 'ok', data: null }]);
  expect(setup.unwatched).toEqual([watch!.watch]);
  await say(setup, 'request/watch', { when: 4, until });
  await say(setup, 'request/watch', { when: 'gate_open', until: 'tomorrow' });
  const [, , ...faulty] = await responses(setup, 'watch', 4);
  for (const { error } of faulty) expect(error).toMatchObject({ code: 'invalid' });
});

test('feedback is a verdict or the right value, on the newest answer or that of a frame', async () => {
  const setup = await setUp();
  const id = ulid();
  await say(setup, 'request/feedback', { right: false, transaction: 'f' });
  await say(setup, 'request/feedback', { camera: 'yard', question: 'people', id, value: 3 });
  const [response] = await responses(setup, 'feedback', 2);
  expect(feedbackResponseSchema.parse(response)).toMatchObject({
    data: { camera: 'porch', question: 'gate_open', value: false },
    transaction: 'f',
  });
  expect(setup.feedback).toEqual([
    { camera: null, question: null, id: null, verdict: { isRight: false } },
    { camera: 'yard', question: 'people', id, verdict: { value: 3 } },
  ]);
});

test('the engine is restarted once for each request', async () => {
  const setup = await setUp();
  await say(setup, 'request/restart', { transaction: '3' });
  const [response] = await responses(setup, 'restart');
  expect(restartResponseSchema.parse(response)).toEqual({
    status: 'ok',
    data: null,
    error: null,
    transaction: '3',
  });
  expect(setup.restarts).toBe(1);
});

test('settings are changed, intervals in seconds', async () => {
  const setup = await setUp();
  await say(setup, 'porch/set/paused', 'true');
  await say(setup, 'porch/set/interval', '0.5');
  await say(setup, 'yard/set/prompt', '"brief"');
  const answers = (await responses(setup, 'set', 3)).map((answer) => setResponseSchema.parse(answer));
  expect(setup.changes).toEqual([
    ['porch', { paused: true }],
    ['porch', { intervalMs: 500 }],
    ['yard', { prompt: 'brief' }],
  ]);
  expect(answers[1]).toMatchObject({
    data: { camera: 'porch', config: { paused: false, interval_s: 0.5, prompt: 'default' } },
  });
});

test('an MQTT 5 caller is answered on its own topic too, with its correlation data, never retained', async () => {
  const setup = await setUp();
  const correlationData = Buffer.from([0, 1, 255]);
  const ask = (responseTopic: string): Promise<unknown> =>
    setup.caller.client.publishAsync(topic('request/describe'), '{"camera":"porch"}', {
      qos: 1,
      properties: { responseTopic, correlationData },
    });
  await ask('my/answers');
  await until(() => setup.caller.json('my/answers').length === 1);
  await responses(setup, 'describe');
  const own = setup.packets.find((packet) => packet.topic === 'my/answers');
  expect(own).toMatchObject({ retain: false, qos: 1 });
  expect(own?.properties?.correlationData).toEqual(correlationData);
  expect(setup.caller.json('my/answers')).toEqual(setup.caller.json(topic('response/describe')));

  // If the response topic is the usual one, there is one response, with the correlation data.
  await ask(topic('response/describe'));
  await responses(setup, 'describe', 2);
  expect(setup.packets.at(-1)?.properties?.correlationData).toEqual(correlationData);

  // Topics that this board may write, and the caller perhaps not.
  for (const wrong of [
    topic('request/restart'),
    topic('porch/set/paused'),
    topic('porch/description'),
    topic('status'),
    'scenecast/other/request/describe',
    'scenecast/work/x',
    '$SYS/broker/uptime',
  ])
    await ask(wrong);
  await responses(setup, 'describe', 9);
  const topics = setup.caller.received.map(({ topic: name }) => name);
  expect(new Set(topics.filter((name) => name.includes('response/') || name === 'my/answers')).size).toBe(2);
  const answered = setup.caller.received.filter(({ payload }) => payload.includes('"status"'));
  expect(new Set(answered.map(({ topic: name }) => name))).toEqual(
    new Set(['my/answers', topic('response/describe')]),
  );
  expect(setup.restarts).toBe(0);
  await setup.commands.close();
  expect(setup.log.of('commands refused or not answered').at(-1)?.fields).toMatchObject({
    response_topic_refused: 7,
  });
});

test('an MQTT 3.1.1 caller is answered', async () => {
  const setup = await setUp();
  const { options } = setup.caller.client;
  const old = await connectAsync(`mqtt://127.0.0.1:${options.port}`, { protocolVersion: 4 });
  onTestFinished(() => old.endAsync(true));
  await old.publishAsync(topic('request/describe'), '{"camera":"porch","transaction":"old"}', { qos: 1 });
  const [response] = await responses(setup, 'describe');
  expect(response).toMatchObject({ status: 'ok', transaction: 'old' });
});

test('a retained command is ignored, and counted', async () => {
  const setup = await setUp();
  await say(setup, 'request/restart', '{}', true);
  // The second instance receives it as retained; the first one received it live, like any other.
  await responses(setup, 'restart');
  expect(setup.restarts).toBe(1);
  await setup.commands.close();
  const { publisher, log } = await startPublisher(`mqtt://127.0.0.1:${setup.caller.client.options.port}`, {
    device: 'other',
  });
  let restarts = 0;
  const later = new Commands({
    device: 'test',
    cameras: ['porch'],
    allowed: everything,
    rate: 10,
    burst: 10,
    timeoutMs: 1000,
    request: () => Promise.reject(new Error('not asked')),
    feedback: () => Promise.reject(new Error('not asked')),
    restart: async () => {
      restarts++;
    },
    set: () => Promise.reject(new Error('not asked')),
    watch: () => Promise.reject(new Error('not asked')),
    unwatch: () => Promise.reject(new Error('not asked')),
    subscribe: (name, onMessage, signal) => publisher.subscribe(name, onMessage, signal),
    send: (message) => publisher.send(message),
    log,
  });
  onTestFinished(() => later.close());
  later.start();
  await until(() => {
    setup.caller.client.publish(topic('porch/set/paused'), '7');
    return setup.caller.json(topic('response/set')).length > 0;
  });
  expect(restarts).toBe(0);
  await later.close();
  expect(log.of('commands refused or not answered')[0]?.fields).toMatchObject({ retained: 1 });
});

const malformed = [
  ['request/describe', 'restart now', 'describe', /not JSON/],
  ['request/describe', Buffer.from([0xff, 0xfe, 0x7b]), 'describe', /not JSON/],
  ['request/describe', '', 'describe', /not JSON/],
  ['request/describe', 'null', 'describe', /object/],
  ['request/describe', '[]', 'describe', /object/],
  ['request/describe', { camera: '../yard' }, 'describe', /^camera: /],
  ['request/describe', { shell: 'rm -rf' }, 'describe', /shell/],
  ['request/describe', '{"__proto__":{"camera":"yard"}}', 'describe', /__proto__/],
  [
    'request/describe',
    `{"prompt":"${'x'.repeat(5000)}"}`,
    'describe',
    /5013 bytes; a command must be at most 4096/,
  ],
  ['request/describe', '['.repeat(4096), 'describe', /not JSON/],
  ['request/ask', {}, 'ask', /^question: is missing; must be an object$/],
  ['request/ask', { question: { ask: 'x'.repeat(501) } }, 'ask', /^question\.ask: /],
  [
    'request/ask',
    { question: { ask: 'x', type: 'enum', values: ['a\u0000'] } },
    'ask',
    /^question\.values\.0: /,
  ],
  ['porch/set/interval', '0', 'set', /0\.1/],
  ['porch/set/interval', '"10s"', 'set', /number/],
  ['porch/set/interval', '1e400', 'set', /./],
  ['porch/set/paused', '"true"', 'set', /boolean/],
] as const;

test('a malformed command is invalid, and the response says why', async () => {
  const setup = await setUp();
  const counts = { describe: 0, ask: 0, set: 0 };
  for (const [name, payload, kind, message] of malformed) {
    await say(setup, name, payload);
    const response = (await responses(setup, kind, ++counts[kind])).at(-1);
    expect(response).toMatchObject({ status: 'error', error: { code: 'invalid' }, transaction: null });
    expect(response.error.message).toMatch(message);
    expect(response.error.message.length).toBeLessThanOrEqual(500);
  }
  expect([setup.requests, setup.changes]).toEqual([[], []]);
});

test('the transaction is echoed even if the rest is invalid', async () => {
  const setup = await setUp();
  await say(setup, 'request/describe', { camera: 5, transaction: 'mine' });
  expect((await responses(setup, 'describe'))[0]).toMatchObject({ transaction: 'mine' });
});

test('what the config does not allow is forbidden', async () => {
  const nothing = { describe: false, ask: false, feedback: false, restart: false, watch: false };
  const setup = await setUp({ allowed: { ...nothing, set: ['paused'] } });
  await say(setup, 'request/describe', {});
  await say(setup, 'request/ask', { question: { ask: 'What?' }, transaction: '2' });
  await say(setup, 'request/feedback', { right: true });
  await say(setup, 'request/restart', {});
  await say(setup, 'request/watch', { when: 'gate_open', until: '2026-12-01T12:00:00Z' });
  await say(setup, 'request/unwatch', { watch: '01KAGX4V6Q8Z1Y2X3W4V5T6S7R' });
  await say(setup, 'porch/set/interval', '5');
  await say(setup, 'porch/set/paused', 'true');
  expect((await responses(setup, 'ask'))[0]).toEqual({
    status: 'error',
    data: null,
    error: { code: 'forbidden', message: 'the config does not allow it: mqtt.commands.ask' },
    transaction: '2',
  });
  for (const kind of ['describe', 'feedback', 'restart', 'watch', 'unwatch', 'set'] as const)
    expect((await responses(setup, kind))[0]).toMatchObject({ error: { code: 'forbidden' } });
  await responses(setup, 'set', 2);
  expect([setup.requests, setup.restarts, setup.changes]).toEqual([[], 0, [['porch', { paused: true }]]]);
});

test.each([
  [new CommandError('unknown', 'no camera is named "x"'), 'unknown'],
  [new Error('the engine died'), 'failed'],
])('a failure is reported in the response: %s', async (error, code) => {
  const setup = await setUp({ request: () => Promise.reject(error) });
  await say(setup, 'request/describe', { camera: 'x', transaction: 't' });
  expect((await responses(setup, 'describe'))[0]).toEqual({
    status: 'error',
    data: null,
    error: { code, message: error.message },
    transaction: 't',
  });
});

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('a command that takes too long expires; one in progress at shutdown is answered', async () => {
  const setup = await setUp({ timeoutMs: 200, request: (_camera, _options, signal) => whenAborted(signal) });
  await say(setup, 'request/describe', {});
  expect((await responses(setup, 'describe'))[0].error).toEqual({
    code: 'expired',
    message: 'not completed within 0.2 s',
  });
  const slow = await setUp({ request: (_camera, _options, signal) => whenAborted(signal) });
  await say(slow, 'request/describe', {});
  await say(slow, 'porch/set/paused', 'true');
  await responses(slow, 'set');
  await slow.commands.close();
  expect((await responses(slow, 'describe'))[0].error).toEqual({
    code: 'failed',
    message: 'Scenecast is stopping',
  });
});

test('eight commands are in progress at once; the ninth is refused, and so are settings', async () => {
  const free: (() => void)[] = [];
  const setup = await setUp({
    request: async () => {
      await new Promise<void>((resolve) => free.push(resolve));
      return { observation: observation(), answer: null };
    },
  });
  for (let number = 0; number < 12; number++)
    await say(setup, 'request/describe', { transaction: `${number}` });
  const [refused] = await responses(setup, 'describe');
  expect(refused).toMatchObject({ error: { code: 'rate_limited' }, transaction: '8' });
  expect(free).toHaveLength(8);
  for (const done of free.splice(0)) done();
  const ok = (): object[] =>
    setup.caller.json(topic('response/describe')).filter(({ status }) => status === 'ok');
  await until(() => ok().length === 8);
  await say(setup, 'request/describe', { transaction: 'next' });
  await until(() => free.length === 1);
  free[0]!();
  await until(() =>
    setup.caller.json(topic('response/describe')).some(({ transaction }) => transaction === 'next'),
  );
});

test('a flood of commands is limited to the allowed rate, and is not answered with a flood', async () => {
  const setup = await setUp({ rate: 5, burst: 30 });
  const start = performance.now();
  const count = 3000;
  for (let number = 0; number < count; number++)
    setup.caller.client.publish(topic('request/restart'), '{}', { qos: 0 });
  // The connection is ordered: once this one is answered, all have been received.
  await until(() => setup.restarts > 5);
  await setup.caller.client.publishAsync(topic('request/restart'), '{}', { qos: 1 });
  await until(
    () => setup.caller.received.filter(({ topic: name }) => name === topic('request/restart')).length > count,
  );
  const seconds = (performance.now() - start) / 1000;
  expect(setup.restarts).toBeLessThanOrEqual(30 + 5 * (seconds + 1));
  const answers = setup.caller.json(topic('response/restart'));
  const refused = answers.filter(({ error }) => error?.code === 'rate_limited');
  expect(refused.length).toBeGreaterThanOrEqual(1);
  expect(refused.length).toBeLessThanOrEqual(seconds + 2);
  await setup.commands.close();
  // On a busy machine it takes more than one log interval.
  const lines = setup.log.of('commands refused or not answered');
  const limited = lines.reduce((sum, { fields }) => sum + (fields.rate_limited ?? 0), 0);
  expect(limited).toBeGreaterThan(count / 2);
});
