import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { messageOf } from '../../src/domain/errors.ts';
import type { Description, Question } from '../../src/domain/observation.ts';
import type { DescribeRequest } from '../../src/pipeline/ports.ts';
import { RemoteDescriber, type RemoteDescriberOptions } from '../../src/remote-engine/remote-describer.ts';
import { openAiFault, startFakeOpenAi } from '../../tools/test/fake-openai.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { jpegOf, RecordedEngine } from '../../tools/test/pool.ts';
import { startRudeServer } from '../../tools/test/rude-server.ts';
import { until } from '../../tools/test/until.ts';

const never = new AbortController().signal;
const jpeg = await jpegOf();
const request: DescribeRequest = {
  picture: { size: { width: 32, height: 24 }, bytes: jpeg },
  prompt: 'Describe the scene.',
  questions: [],
};
const questions: readonly Question[] = [
  { name: 'open', ask: 'Is it open?', type: { kind: 'boolean' } },
  { name: 'count', ask: 'How many?', type: { kind: 'integer', min: 0, max: 20 } },
  { name: 'colour', ask: 'Which colour?', type: { kind: 'enum', values: ['red', 'Sky Blue'] } },
  { name: 'odd', ask: 'What is odd?', type: { kind: 'string', maxLength: 12 } },
  { name: 'free', ask: 'What else?' },
];

function describerAt(
  url: string,
  options: Partial<RemoteDescriberOptions> = {},
): { describer: RemoteDescriber; log: LogLines } {
  const log = new LogLines();
  const describer = new RemoteDescriber({
    url,
    model: null,
    tokenFile: null,
    deadlineMs: 5000,
    maxTokens: 256,
    temperature: 0,
    takesSeveralPictures: false,
    fallback: null,
    log,
    ...options,
  });
  onTestFinished(() => describer.close());
  return { describer, log };
}

function fakeClock(): void {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
}

const texts: Readonly<Record<string, string>> = {
  'Describe the scene.': ' A gate. ',
  'Is it open?': 'Yes',
  'How many?': '3',
  'Which colour?': 'Sky Blue',
  'What is odd?': 'a cow',
  'What else?': 'Nothing.',
};

test('what has changed is asked in the same conversation, after another description only', async () => {
  const server = await startFakeOpenAi(({ words }) => texts[words] ?? 'It is open now.');
  const { describer } = describerAt(server.url);
  const change = { previous: 'A shut gate.', ask: 'It was "A shut gate." What has changed?' };
  const described = await describer.describe({ ...request, change }, never);
  expect(described).toMatchObject({
    text: 'A gate.',
    change: 'It is open now.',
    tokens: { completion: 2 * 9 },
  });
  expect(server.requests[1]!.body.messages).toEqual([
    server.requests[0]!.body.messages[0],
    { role: 'assistant', content: 'A gate.' },
    { role: 'user', content: [{ type: 'text', text: change.ask }] },
  ]);
  const same = await describer.describe({ ...request, change: { ...change, previous: 'A gate.' } }, never);
  expect(same).not.toHaveProperty('change');
  expect(server.requests).toHaveLength(3);
});

const earlierPicture = { size: { width: 16, height: 12 }, bytes: await jpegOf(16, 12) };
const compared = {
  previous: 'A shut gate.',
  ask: 'It was "A shut gate." What has changed?',
  earlier: { picture: earlierPicture, ask: 'The first picture is the new one. What has changed?' },
};

test('a server whose model takes several pictures is shown the earlier one too, after the new one', async () => {
  const server = await startFakeOpenAi(({ words }) => texts[words] ?? 'It is open now.');
  const { describer } = describerAt(server.url, { takesSeveralPictures: true });
  expect(await describer.describe({ ...request, change: compared }, never)).toMatchObject({
    text: 'A gate.',
    change: 'It is open now.',
  });
  const urlOf = (bytes: Uint8Array): string =>
    `data:image/jpeg;base64,${Buffer.from(bytes).toString('base64')}`;
  expect(server.requests[1]!.body.messages).toEqual([
    server.requests[0]!.body.messages[0],
    { role: 'assistant', content: 'A gate.' },
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url: urlOf(earlierPicture.bytes) } },
        { type: 'text', text: compared.earlier.ask },
      ],
    },
  ]);
  expect(JSON.stringify(server.requests[0]!.body)).toContain(urlOf(jpeg));
});

test('a server that refuses a second picture compares descriptions from then on; others never see one', async () => {
  const server = await startFakeOpenAi(({ words }, response) =>
    words === compared.earlier.ask
      ? openAiFault(response, 400, 'one image')
      : (texts[words] ?? 'It is open.'),
  );
  const { describer, log } = describerAt(server.url, { takesSeveralPictures: true });
  for (let frame = 0; frame < 2; frame++)
    expect(await describer.describe({ ...request, change: compared }, never)).toMatchObject({
      change: 'It is open.',
    });
  const plain = describerAt(server.url);
  await plain.describer.describe({ ...request, change: compared }, never);
  expect(server.requests.map(({ words }) => words)).toEqual([
    ...['Describe the scene.', compared.earlier.ask, compared.ask],
    ...['Describe the scene.', compared.ask],
    ...['Describe the scene.', compared.ask],
  ]);
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('a server that takes grammars describes and answers as the own engine would', async () => {
  const server = await startFakeOpenAi(({ words }) => texts[words]!);
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-remote-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), 'canary\n');
  const { describer, log } = describerAt(`${server.url}/`, {
    model: 'big-vl:7b',
    tokenFile: join(folder, 'token'),
  });
  const description = await describer.describe({ ...request, questions }, never);
  expect(description).toEqual<Description>({
    text: 'A gate.',
    answers: { open: true, count: 3, colour: 'Sky Blue', odd: 'a cow', free: 'Nothing.' },
    finishReason: 'stop',
    timings: { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: expect.any(Number) },
    tokens: { image: 0, imageOmitted: 0, prompt: 6 * 700, completion: 6 * 9, drafted: 0, accepted: 0 },
    model: { name: 'big-vl', quant: '', build: '' },
  });
  expect(server.requests).toHaveLength(6);
  const [first, typed] = server.requests;
  expect(first).toMatchObject({
    path: '/v1/chat/completions',
    headers: { authorization: 'Bearer canary', 'content-type': 'application/json' },
    body: {
      model: 'big-vl:7b',
      max_tokens: 256,
      temperature: 0,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${jpeg.toString('base64')}` } },
            { type: 'text', text: 'Describe the scene.' },
          ],
        },
      ],
    },
  });
  expect(typed!.body.grammar).toContain('"Yes"');
  expect(describer.health).toEqual({ state: 'ok', reason: null, retryAt: null });
  expect(JSON.stringify(log.lines)).not.toContain('canary');
});

test('one that takes JSON schemas only is asked with those, and without the detour from then on', async () => {
  const json: Readonly<Record<string, string>> = {
    'Is it open?': 'true',
    'How many?': '3',
    'Which colour?': '"Sky Blue"',
    'What is odd?': '"a cow"',
  };
  const server = await startFakeOpenAi(({ words, body }) =>
    body.response_format ? json[words]! : body.grammar ? 'The gate is open, I think.' : texts[words]!,
  );
  const { describer } = describerAt(`${server.url}/v1`);
  const asked = { ...request, questions };
  const { answers } = await describer.describe(asked, never);
  expect(answers).toEqual({ open: true, count: 3, colour: 'Sky Blue', odd: 'a cow', free: 'Nothing.' });
  expect(server.requests).toHaveLength(7);
  expect(server.requests[2]!.body.response_format).toMatchObject({
    type: 'json_schema',
    json_schema: { strict: true, schema: { type: 'boolean' } },
  });
  await describer.describe(asked, never);
  expect(server.requests).toHaveLength(13);
});

test('one that takes neither is asked in words, and what it says is checked', async () => {
  fakeClock();
  const said: readonly [RegExp, string][] = [
    [/yes or no/, 'Yes.'],
    [/from 0 to 20/, '3'],
    [/one of these only: red, Sky Blue/, '"sky blue".'],
    [/at most 12/, 'a cow'],
  ];
  const server = await startFakeOpenAi(({ words, body }, response) => {
    if (body.grammar || body.response_format) return openAiFault(response, 400, 'unknown argument');
    return said.find(([pattern]) => pattern.test(words))?.[1] ?? texts[words]!;
  });
  const { describer } = describerAt(server.url);
  const asked = { ...request, questions };
  // No question is asked more than twice: the first frame only finds out what the server does not take.
  await expect(describer.describe(asked, never)).rejects.toThrow('unknown argument');
  expect(server.requests).toHaveLength(3);
  vi.advanceTimersByTime(5001);
  const { answers } = await describer.describe(asked, never);
  expect(answers).toEqual({ open: true, count: 3, colour: 'Sky Blue', odd: 'a cow', free: 'Nothing.' });
  expect(server.requests).toHaveLength(9);
});

test.each<[string, string, string | null, RegExp]>([
  ['text that is no answer', 'I am not sure.', null, /is not a valid answer of type boolean/],
  ['a number out of range', '99', 'count', /is not a valid answer of type integer/],
  ['another value', 'green', 'colour', /is not a valid answer of type enum/],
])('%s is asked about once more, then the frame fails', async (_, text, name, message) => {
  const server = await startFakeOpenAi(({ words }) => (words === request.prompt ? 'A gate.' : text));
  const { describer } = describerAt(server.url);
  const asked = { ...request, questions: questions.filter((each) => each.name === (name ?? 'open')) };
  await expect(describer.describe(asked, never)).rejects.toThrow(message);
  expect(server.requests).toHaveLength(3);
});

test('thinking is no part of a description', async () => {
  const server = await startFakeOpenAi(() => '<think>\nHm, a gate?\n</think>\n\nA gate.');
  expect((await describerAt(server.url).describer.describe(request, never)).text).toBe('A gate.');
});

test.each([
  ['in the text', '<think>\nLet me see', 'stop'],
  ['apart', '', 'length'],
])('a model that only thinks, %s, has described nothing', async (_, content, finish_reason) => {
  const server = await startFakeOpenAi((_request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ choices: [{ message: { content }, finish_reason }] }));
    return null;
  });
  await expect(describerAt(server.url).describer.describe(request, never)).rejects.toThrow(
    /only thought.*model\.max_tokens/,
  );
});

test('bare pixels are sent as a JPEG', async () => {
  const server = await startFakeOpenAi(() => 'x');
  const picture = { size: { width: 8, height: 8 }, bytes: new Uint8Array(192), pixels: 'rgb24' } as const;
  await describerAt(server.url).describer.describe({ ...request, picture }, never);
  expect(server.requests[0]!.body.messages[0].content[0].image_url.url).toMatch(
    /^data:image\/jpeg;base64,\/9j/,
  );
});

const head = (lines: string): string => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`;

test.each<[what: string, answer: string | null, message: RegExp]>([
  ['closes early', null, /connection was closed too early|closed/],
  [
    'closes within the answer',
    `${head('Content-Length: 5000\r\nContent-Type: application/json')}{"choices"`,
    /too early/,
  ],
  [
    'says too small a length',
    head('Content-Length: 10\r\nContent-Type: application/json') +
      '{"choices": [{"message": {"content": "x"}}]}',
    /JSON that is cut or damaged/,
  ],
  [
    'answers with a web page',
    `${head('Content-Type: text/html')}<html>Login</html>`,
    /a web page; check engine\.url/,
  ],
  [
    'answers with something else',
    `${head('Content-Type: text/plain')}hello`,
    /no JSON \(text\/plain\); check engine\.url/,
  ],
  [
    'answers with other JSON',
    `${head('Content-Type: application/json')}{"ok": true}`,
    /no chat completion; check engine\.url/,
  ],
  [
    'answers without end',
    `${head('Content-Type: application/json')} `.repeat(2 ** 20 + 1),
    /more than 1 MiB/,
  ],
  ['speaks another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', /invalid|cannot be asked/],
  [
    'redirects',
    'HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n',
    /redirects \(status 302\)/,
  ],
  ['refuses the token', 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n', /check engine\.token_file/],
  [
    'has no such model',
    'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{"error":"model \\"x\\" not found"}',
    /model "x" not found; check engine\.url and engine\.model/,
  ],
  ['is busy', 'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n', /busy or starting/],
  ['fails', 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n', /status 500/],
])('a server that %s: the own engine describes, and health says why', async (_, answer, message) => {
  const server = await startRudeServer({
    onData: (socket) => (answer === null ? socket.destroy() : socket.end(answer)),
  });
  const own = new RecordedEngine();
  const { describer, log } = describerAt(`http://${server.address}`, { fallback: own });
  const described = await describer.describe(request, never);
  expect(described.model.name).toBe('recorded');
  expect(log.of('engine server failed; using the own engine')).toMatchObject([
    { level: 'warn', fields: { reason: expect.stringMatching(message), backOffMs: 5000 } },
  ]);
  expect(describer.health).toEqual({
    state: 'failing',
    reason: expect.stringMatching(message),
    retryAt: expect.any(Date),
  });
});

test.each([true, false])(
  'a server that does not answer in time (header sent: %s) has until the deadline',
  async (isBegun) => {
    const server = await startRudeServer({
      onData: (socket) => void (isBegun && socket.write(head('Content-Type: application/json'))),
    });
    const own = new RecordedEngine();
    const start = performance.now();
    const { describer } = describerAt(`http://${server.address}`, { fallback: own, deadlineMs: 300 });
    await describer.describe(request, never);
    expect(performance.now() - start).toBeGreaterThan(290);
    expect(own.asked).toHaveLength(1);
    expect(describer.health.reason).toBe('the engine server did not describe it within 300 ms');
  },
);

test('after a failure the server is left alone, then tried again; then it describes as before', async () => {
  fakeClock();
  let isUp = false;
  const server = await startFakeOpenAi((_, response) =>
    isUp ? 'A gate.' : openAiFault(response, 500, 'no'),
  );
  const own = new RecordedEngine();
  const { describer, log } = describerAt(server.url, { fallback: own });
  for (let frame = 0; frame < 3; frame++) await describer.describe(request, never);
  expect([server.requests.length, own.asked.length]).toEqual([1, 3]);
  vi.advanceTimersByTime(5001);
  await describer.describe(request, never);
  expect([server.requests.length, own.asked.length]).toEqual([2, 4]);
  expect(log.of('engine server failed; using the own engine').map(({ fields }) => fields.backOffMs)).toEqual([
    5000, 10_000,
  ]);
  isUp = true;
  vi.advanceTimersByTime(10_001);
  expect((await describer.describe(request, never)).text).toBe('A gate.');
  expect(describer.health).toEqual({ state: 'ok', reason: null, retryAt: null });
  expect(log.of('engine server describes again')).toHaveLength(1);
});

test('without a fallback, a frame fails with the first error and expires until the next try', async () => {
  const server = await startFakeOpenAi((_, response) => openAiFault(response, 500, 'out of memory'));
  const { describer } = describerAt(server.url);
  await expect(describer.describe(request, never)).rejects.toMatchObject({
    name: 'EngineError',
    message: expect.stringContaining('out of memory'),
  });
  await expect(describer.describe(request, never)).rejects.toMatchObject({
    name: 'ExpiredError',
    message: expect.stringMatching(/not asked for now, after: .*out of memory/),
  });
});

test('while the server is left alone, all frames expire for the same reason', async () => {
  fakeClock();
  const server = await startFakeOpenAi((_, response) => openAiFault(response, 500, 'out of memory'));
  const { describer } = describerAt(server.url);
  await expect(describer.describe(request, never)).rejects.toThrow('out of memory');
  const reasons = new Set<string>();
  for (let frame = 0; frame < 3; frame++) {
    const fault: unknown = await describer.describe(request, never).catch((error: unknown) => error);
    reasons.add(messageOf(fault));
    vi.advanceTimersByTime(1500);
  }
  expect(server.requests).toHaveLength(1);
  expect([...reasons]).toHaveLength(1);
});

test('a description that is cancelled ends the request, and is no failure of the server', async () => {
  let closed = 0;
  const server = await startFakeOpenAi(async (_, response) => {
    response.on('close', () => closed++);
    await sleep(2000);
    return null;
  });
  const own = new RecordedEngine();
  const { describer } = describerAt(server.url, { fallback: own });
  const stop = new AbortController();
  const described = describer.describe(request, stop.signal);
  await until(() => server.requests.length === 1);
  stop.abort(new Error('no longer wanted'));
  await expect(described).rejects.toThrow('no longer wanted');
  await until(() => closed === 1);
  expect(own.asked).toEqual([]);
  expect(describer.health.state).toBe('ok');
});

test('closed, it ends the request in progress without the own engine, and can be closed again', async () => {
  const server = await startRudeServer({});
  const own = new RecordedEngine();
  const { describer } = describerAt(`http://${server.address}`, { fallback: own });
  const described = expect(describer.describe(request, never)).rejects.toThrow();
  await until(() => server.count() === 1);
  await describer.close();
  await describer.close();
  await described;
  expect(own.asked).toEqual([]);
});
