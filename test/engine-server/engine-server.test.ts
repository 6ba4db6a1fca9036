import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { EngineError } from '../../src/domain/errors.ts';
import { FakeChat } from '../../tools/test/fake-chat.ts';
import { jpegOf } from '../../tools/test/pool.ts';
import { serverToken, startEngineServer } from '../../tools/test/running-engine-server.ts';
import { until } from '../../tools/test/until.ts';

const jpeg = await jpegOf();
const dataUrl = (bytes: Uint8Array, type = 'image/jpeg'): string =>
  `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;

const bodyWith = (url: string, extra: object = {}): object => ({
  model: 'any',
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What?' },
        { type: 'image_url', image_url: { url } },
      ],
    },
  ],
  ...extra,
});
const good = bodyWith(dataUrl(jpeg));

function post(url: string, body: unknown, token: string | null = serverToken): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token !== null && { Authorization: `Bearer ${token}` }),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function clientOf(url: string, apiKey = serverToken): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

// biome-ignore lint/suspicious/noExplicitAny: the client's own types fit its own requests
const asked = good as any;

test("OpenAI's client gets models, a reply, and true token counts", async () => {
  const { url, engine } = await startEngineServer();
  const client = clientOf(url);
  expect((await client.models.list()).data).toMatchObject([{ id: 'fake', object: 'model' }]);
  const completion = await client.chat.completions.create({
    ...asked,
    messages: [{ role: 'system', content: 'Be brief.' }, ...asked.messages],
    max_tokens: 50,
    temperature: 0.5,
    seed: 7,
  });
  expect(completion).toMatchObject({
    object: 'chat.completion',
    model: 'fake',
    choices: [{ index: 0, message: { role: 'assistant', content: 'a red square' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 120, completion_tokens: 7, total_tokens: 127 },
  });
  expect(engine.asked).toMatchObject([
    {
      messages: [
        { role: 'system', text: 'Be brief.' },
        { role: 'user', text: 'What?', picture: { size: { width: 32, height: 24 } } },
      ],
      maxTokens: 50,
      sampling: { temperature: 0.5, seed: 7 },
      grammar: null,
    },
  ]);
  expect(Buffer.compare(engine.asked[0]!.messages[1]!.picture!.bytes as Buffer, jpeg)).toBe(0);
});

test("OpenAI's client gets a stream, with the counts if it wants them", async () => {
  const { url } = await startEngineServer();
  const stream = await clientOf(url).chat.completions.create({
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>)
    chunks.push(chunk);
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('a red square');
  expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant');
  expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe('stop');
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 120, completion_tokens: 7 } });
});

test("OpenAI's client sees each fault as the error that it has for it", async () => {
  const { url } = await startEngineServer();
  const fault = (body: object, key?: string) => clientOf(url, key).chat.completions.create(body as never);
  await expect(fault(asked, 'wrong')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(fault(bodyWith('https://example.com/x.jpg'))).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  await expect(fault({ ...asked, n: 2 })).rejects.toMatchObject({ status: 400, param: 'n' });
});

test("llama-server's own fields are taken", async () => {
  const { url, engine } = await startEngineServer();
  const response = await post(`${url}/v1/chat/completions`, {
    messages: [{ role: 'user', content: 'Hi' }],
    cache_prompt: true,
    samplers: 'edkypmxt',
    n_predict: -1,
    top_k: 40,
    min_p: 0.05,
    repeat_penalty: 1,
    seed: -1,
    timings_per_token: true,
    grammar: 'root ::= "x"',
    reasoning_format: 'none',
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    timings: { prompt_n: 120, prompt_ms: 6, predicted_n: 7, predicted_ms: 4 },
  });
  expect(engine.asked).toMatchObject([
    {
      messages: [{ role: 'user', text: 'Hi' }],
      maxTokens: null,
      sampling: { topK: 40, minP: 0.05, repeatPenalty: 1, seed: expect.any(Number) },
      grammar: 'root ::= "x"',
    },
  ]);
});

test.each([
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'boolean' } } } },
    /"true"/,
  ],
  [{ response_format: { type: 'json_object' } }, /^root ::= object/],
  [{ response_format: { type: 'json_object', schema: { type: 'boolean' } } }, /"true"/],
  [{ json_schema: { type: 'boolean' } }, /"true"/],
  [{ response_format: { type: 'text' } }, null],
])('%o becomes a grammar', async (extra, grammar) => {
  const { url, engine } = await startEngineServer();
  expect((await post(`${url}/v1/chat/completions`, { ...good, ...extra })).status).toBe(200);
  if (grammar) expect(engine.asked[0]!.grammar).toMatch(grammar);
  else expect(engine.asked[0]!.grammar).toBeNull();
});

const image = Buffer.from(jpeg).toString('base64');

test("Ollama's chat takes images, and streams by default", async () => {
  const { url, engine } = await startEngineServer();
  const request = {
    model: 'fake',
    messages: [{ role: 'user', content: '[img]What?', images: [image] }],
    options: { temperature: 0, num_predict: 12, num_ctx: 8192 },
    keep_alive: '5m',
    format: { type: 'object', properties: { a: { type: 'integer' } } },
  };
  const streamed = await post(`${url}/api/chat`, request);
  expect(streamed.headers.get('content-type')).toMatch('application/x-ndjson');
  const lines = (await streamed.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ message }) => message.content).join('')).toBe('a red square');
  expect(lines.map(({ done }) => done)).toEqual([false, false, true]);
  expect(lines.at(-1)).toMatchObject({ done_reason: 'stop', prompt_eval_count: 120, eval_count: 7 });
  const whole = await (await post(`${url}/api/chat`, { ...request, stream: false })).json();
  expect(whole).toMatchObject({
    model: 'fake',
    message: { role: 'assistant', content: 'a red square' },
    done: true,
    eval_duration: 4e6,
  });
  expect(engine.asked[0]).toMatchObject({
    messages: [{ role: 'user', text: 'What?', picture: { size: { width: 32, height: 24 } } }],
    maxTokens: 12,
    sampling: { temperature: 0 },
    grammar: expect.stringContaining('a'),
  });
});

test("Ollama's generate takes images, and its list and show name the model", async () => {
  const { url, engine } = await startEngineServer();
  const request = { model: 'fake', prompt: 'What?', system: 'Be brief.', images: [image], stream: false };
  expect(await (await post(`${url}/api/generate`, request)).json()).toMatchObject({
    response: 'a red square',
    done: true,
  });
  expect(engine.asked[0]!.messages).toMatchObject([
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What?' },
  ]);
  const headers = { Authorization: `Bearer ${serverToken}` };
  expect(await (await fetch(`${url}/api/tags`, { headers })).json()).toMatchObject({
    models: [{ name: 'fake', model: 'fake', digest: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  });
  expect(await (await post(`${url}/api/show`, { model: 'fake' })).json()).toMatchObject({
    capabilities: ['completion', 'vision'],
  });
  expect(await (await post(`${url}/api/chat`, { messages: [] })).json()).toEqual({
    error: expect.stringContaining('messages'),
  });
});

const notAPicture = dataUrl(Buffer.from('GIF89a'), 'image/gif');
const wide = await sharp({ create: { width: 9000, height: 6000, channels: 3, background: 'red' } })
  .png()
  .toBuffer();

test.each<[what: string, body: unknown, status: number, message: RegExp]>([
  ['no JSON', '{', 400, /JSON/],
  ['no messages', {}, 400, /messages/],
  ['an address', bodyWith('http://192.168.1.5/x.jpg'), 400, /only data: URLs/],
  ['a file address', bodyWith('file:///etc/passwd'), 400, /only data: URLs/],
  ['no base64', bodyWith('data:image/jpeg,xx'), 400, /base64/],
  ['no picture', bodyWith(notAPicture), 400, /not a JPEG or PNG or WebP/],
  ['an empty picture', bodyWith('data:image/jpeg;base64,'), 400, /empty/],
  ['a cut header', bodyWith(dataUrl(jpeg.subarray(0, 20))), 400, /cannot be read/],
  ['too many pixels', bodyWith(dataUrl(wide, 'image/png')), 413, /9000 x 6000 pixels/],
  ['a large file', bodyWith(dataUrl(Buffer.alloc(8 * 2 ** 20 + 1, 0xff))), 413, /bytes; the maximum is/],
  [
    'two pictures',
    {
      messages: [
        { role: 'user', content: [0, 1].map(() => ({ type: 'image_url', image_url: dataUrl(jpeg) })) },
      ],
    },
    400,
    /one picture/,
  ],
  ['tools', { ...good, tools: [{ type: 'function' }] }, 400, /tools/],
  ['stop', { ...good, stop: ['x'] }, 400, /stop/],
  ['no tokens', { ...good, max_tokens: 0 }, 400, /^max_tokens: must be/],
  ['a temperature', { ...good, temperature: -1 }, 400, /temperature/],
  ['a part', { messages: [{ role: 'user', content: [{ type: 'audio' }] }] }, 400, /messages\[0\]\.content/],
  ['the assistant last', { messages: [{ role: 'assistant', content: 'x' }] }, 400, /last message/],
])('%s: the answer has the fault in the shape of OpenAI', async (_, body, status, message) => {
  const { url, engine } = await startEngineServer();
  const response = await post(`${url}/v1/chat/completions`, body);
  expect(await response.json()).toEqual({
    error: {
      message: expect.stringMatching(message),
      type: 'invalid_request_error',
      param: null,
      code: null,
      ...(status === 400 && {
        param: expect.toSatisfy((param) => param === null || typeof param === 'string'),
      }),
      ...(status === 413 && { param: expect.anything() }),
    },
  });
  expect(response.status).toBe(status);
  expect(engine.asked).toEqual([]);
});

test.each([
  ['as curl sends it', 'application/x-www-form-urlencoded'],
  ['as text', 'text/plain'],
])('a request whose type is not JSON, %s: the answer names the header', async (_, type) => {
  const { url, engine } = await startEngineServer();
  for (const route of ['/v1/chat/completions', '/api/generate']) {
    const response = await fetch(`${url}${route}`, {
      method: 'POST',
      headers: { 'Content-Type': type, Authorization: `Bearer ${serverToken}` },
      body: JSON.stringify({ ...good, prompt: 'What?' }),
    });
    expect([response.status, await response.text()]).toEqual([
      415,
      expect.stringContaining('Content-Type: application/json'),
    ]);
  }
  expect(engine.asked).toEqual([]);
});

test('a body above the limit is refused with 413, which a client can read once it has sent everything', async () => {
  const { port } = await startEngineServer();
  const socket = connect(port, '127.0.0.1').pause();
  await once(socket, 'connect');
  const length = 30 * 2 ** 20;
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    `Host: x\r\nAuthorization: Bearer ${serverToken}`,
    `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
  ];
  socket.write(head.join('\r\n'));
  const chunk = Buffer.alloc(2 ** 20, 'x');
  for (let sent = 0; sent < length; sent += chunk.length)
    await new Promise<void>((resolve, reject) =>
      socket.write(chunk, (error) => (error ? reject(error) : resolve())),
    );
  const [answer] = await once(socket.resume(), 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large/);
  socket.destroy();
});

test.each([
  ['BAD_PICTURE', 400, 'invalid_request_error'],
  ['CONTEXT_FULL', 400, 'invalid_request_error'],
  ['BUSY', 503, 'unavailable_error'],
  ['ENGINE_DIED', 503, 'unavailable_error'],
  ['DECODE_FAILED', 500, 'server_error'],
])('%s of the engine is a %i', async (code, status, type) => {
  const { url, engine } = await startEngineServer();
  engine.fault = new EngineError(code, 'because');
  for (const stream of [false, true]) {
    const response = await post(`${url}/v1/chat/completions`, { ...good, stream });
    expect(response.status).toBe(status);
    expect(response.headers.has('retry-after')).toBe(status === 503);
    expect(await response.json()).toMatchObject({ error: { message: 'because', type } });
  }
});

test('a fault after the first piece ends the stream with an error', async () => {
  const { url, engine } = await startEngineServer();
  engine.chat = async (_request, _signal, { onText } = {}) => {
    onText?.('a');
    throw new EngineError('ENGINE_DIED', 'gone');
  };
  const text = await (await post(`${url}/v1/chat/completions`, { ...good, stream: true })).text();
  expect(text).toMatch(/"content":"a"[\s\S]*data: \{"error":\{"message":"gone"/);
  expect(text).not.toContain('[DONE]');
  const lines = await (await post(`${url}/api/generate`, { prompt: 'x' })).text();
  expect(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ response: 'a' }, { error: 'gone' }]);
});

test('a wrong token is refused before the picture is read, and is not logged', async () => {
  const { url, engine, log } = await startEngineServer();
  for (const path of ['/v1/models', '/api/tags']) expect((await fetch(url + path)).status).toBe(401);
  for (const token of [null, 'wrong-canary', `${serverToken}x`, serverToken.slice(1)]) {
    const response = await post(`${url}/v1/chat/completions`, good, token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ error: { type: 'authentication_error' } });
  }
  expect(engine.asked).toEqual([]);
  expect(log.of('request to the engine server refused')).toHaveLength(1);
  expect(JSON.stringify(log.lines)).not.toContain('canary');
});

test('too many requests at once are refused with the time to wait, before their bodies are read', async () => {
  const { url, engine } = await startEngineServer({ engine: new FakeChat(300), maxRequests: 2 });
  const first = [0, 1].map(() => post(`${url}/v1/chat/completions`, good));
  await until(() => engine.asked.length === 2);
  const refused = await post(`${url}/v1/chat/completions`, good);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await refused.json()).toMatchObject({ error: { type: 'rate_limit_error' } });
  for (const response of await Promise.all(first)) expect(response.status).toBe(200);
  expect((await post(`${url}/v1/chat/completions`, good)).status).toBe(200);
});

test('while the model loads, the answer is 503', async () => {
  const { url } = await startEngineServer({ model: () => null });
  const response = await post(`${url}/v1/chat/completions`, good);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('10');
});

test.each([false, true])(
  'a closed connection cancels the work (stream: %s), and makes room',
  async (stream) => {
    const engine = new FakeChat(5000);
    const { url } = await startEngineServer({ engine, maxRequests: 1 });
    const gone = new AbortController();
    const asking = fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${serverToken}` },
      body: JSON.stringify({ ...good, stream }),
      signal: gone.signal,
    });
    await until(() => engine.asked.length === 1);
    gone.abort();
    await expect(asking).rejects.toThrow();
    await until(() => engine.cancelled === 1);
    engine.ms = 0;
    expect((await post(`${url}/v1/chat/completions`, good)).status).toBe(200);
  },
);

test('a body that comes too slowly is given up, and makes room', async () => {
  const { url, port } = await startEngineServer({ maxRequests: 1, requestTimeoutMs: 300 });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${serverToken}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
  );
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 408/);
  await sleep(20);
  expect((await post(`${url}/v1/chat/completions`, good)).status).toBe(200);
});

test('closed with a request in progress, it ends that and can be closed again', async () => {
  const engine = new FakeChat(5000);
  const { url, server } = await startEngineServer({ engine });
  const asking = post(`${url}/v1/chat/completions`, good);
  await until(() => engine.asked.length === 1);
  await server.close();
  await server.close();
  expect((await asking).status).toBe(503);
  expect(engine.cancelled).toBe(1);
});
