import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { drawScene } from '../../src/camera/scene-draw.ts';
import { sampleScene } from '../../src/camera/scene-layout.ts';
import { sceneTruth } from '../../src/camera/scene-truth.ts';
import { healthSchema } from '../../src/contract/health-payload.ts';
import { infoSchema } from '../../src/contract/info.ts';
import { descriptionSchema } from '../../src/contract/payloads.ts';
import { DrawnTruths } from '../../tools/demo/drawn-truths.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { freePort } from '../../tools/test/free-port.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

const patienceMs = 240_000;
const token = 'canary-serve-0123456789';

async function startBroker(): Promise<{ mqtt: { url: string }; subscriber: Subscriber }> {
  const broker = await Mosquitto.start();
  const subscriber = await Subscriber.start(broker.url, 'scenecast/#');
  onTestFinished(async () => {
    await subscriber.close();
    await broker.close();
  });
  return { mqtt: { url: broker.url }, subscriber };
}

function tokenFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-serve-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'token');
  writeFileSync(path, `${token}\n`);
  return path;
}

/** A daemon that serves the demo model. */
async function startServing(keys: object): Promise<{ daemon: Daemon; url: string }> {
  const port = await freePort();
  const daemon = new Daemon({ serve: { listen: `127.0.0.1:${port}`, token_file: tokenFile() }, ...keys });
  await until(() => daemon.log.some(({ msg }) => msg === 'model loaded'), patienceMs);
  await until(() => daemon.log.some(({ msg }) => msg === 'HTTP server listening'), patienceMs);
  return { daemon, url: `http://127.0.0.1:${port}` };
}

/** The TCP ports at which a process listens. */
function listeningPorts(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.has(inode ?? ''))
      .map(([, local]) => Number.parseInt(local!.split(':')[1]!, 16)),
  );
}

const size = { width: 336, height: 336 };
const scene = sampleScene(900_002, size);
const jpeg = Buffer.from(await drawScene(scene));
const truth = sceneTruth(scene);
const image = jpeg.toString('base64');
const content = (text: string): object[] => [
  { type: 'text', text },
  { type: 'image_url', image_url: { url: `data:image/jpeg;base64,${image}` } },
];
// biome-ignore lint/suspicious/noExplicitAny: OpenAI's client has a type for each kind of part
const messagesOf = (text: string): any => [{ role: 'user', content: content(text) }];

test(
  "a board serves the demo model to OpenAI's client, llama-server's and Ollama's, beside its own camera",
  async () => {
    const { mqtt, subscriber } = await startBroker();
    const { daemon, url } = await startServing({
      ...{ device: 'orion', mqtt, log_level: 'debug' },
      cameras: {
        drawn: { source: { type: 'scene', seed: 1, size: '336x336', every: '2s' }, interval: '2s' },
      },
    });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0, timeout: patienceMs });
    const [model] = (await client.models.list()).data;
    expect(model!.id).toMatch(/demo/i);

    const ask = { model: model!.id, messages: messagesOf('Describe the scene.') };
    const whole = await client.chat.completions.create(ask);
    expect(whole.choices[0]).toMatchObject({ message: { content: truth.caption }, finish_reason: 'stop' });
    const { prompt_tokens, completion_tokens, total_tokens } = whole.usage!;
    expect(total_tokens).toBe(prompt_tokens + completion_tokens);
    expect(prompt_tokens).toBeGreaterThan(256);

    const stream = await client.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      pieces.push(chunk.choices[0]?.delta.content ?? '');
      usage = chunk.usage;
    }
    expect(pieces.join('').trimEnd()).toBe(truth.caption);
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(2);
    expect(usage).toMatchObject({ prompt_tokens, completion_tokens });

    const post = async (path: string, body: object, given = token): Promise<Response> =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${given}` },
        body: JSON.stringify(body),
      });
    const llama = await post('/v1/chat/completions', {
      messages: messagesOf(truth.questions[0]!.question),
      cache_prompt: true,
      temperature: 0,
      grammar: 'root ::= " "? [0-9]',
    });
    expect(await llama.json()).toMatchObject({
      choices: [{ message: { content: expect.stringMatching(/^[0-9]$/) } }],
      timings: { prompt_n: expect.any(Number), predicted_ms: expect.any(Number) },
    });
    const generated = await post('/api/generate', {
      ...{ model: 'any', prompt: 'Describe the scene.', images: [image], stream: false },
    });
    expect(await generated.json()).toMatchObject({
      response: truth.caption,
      done: true,
      done_reason: 'stop',
    });
    const chatted = await post('/api/chat', {
      ...{ model: 'any', messages: [{ role: 'user', content: 'Describe the scene.', images: [image] }] },
      format: { type: 'object', properties: { shapes: { type: 'integer', minimum: 0, maximum: 9 } } },
    });
    const lines = (await chatted.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(JSON.parse(lines.map((line) => line.message.content).join(''))).toEqual({
      shapes: expect.any(Number),
    });

    expect((await post('/v1/chat/completions', ask, 'wrong')).status).toBe(401);
    expect((await post('/api/generate', { prompt: 'x', images: ['x'.repeat(30 * 2 ** 20)] })).status).toBe(
      413,
    );
    const broken = Buffer.concat([jpeg.subarray(0, jpeg.length / 3), Buffer.alloc(100)]).toString('base64');
    const undecodable = await post('/api/generate', { prompt: 'x', images: [broken], stream: false });
    expect([undecodable.status, await undecodable.json()]).toEqual([
      400,
      { error: expect.stringContaining('cannot be decoded') },
    ]);

    const gone = new AbortController();
    const asking = fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify({ ...ask, messages: messagesOf('Describe the scene.') }),
      signal: gone.signal,
    });
    setTimeout(() => gone.abort(), 20);
    await expect(asking).rejects.toThrow();
    expect((await client.chat.completions.create(ask)).choices[0]!.message.content).toBe(truth.caption);

    // Meanwhile, the camera was described.
    await until(() => subscriber.json('scenecast/orion/drawn/description').length >= 3, patienceMs);
    const info = infoSchema.parse(subscriber.json('scenecast/orion/info').at(-1));
    expect(info.serve).toEqual({ host: '127.0.0.1', port: Number(new URL(url).port) });
    expect(listeningPorts(daemon.pid)).toEqual([Number(new URL(url).port)]);
    expect((await daemon.end()).code).toBe(0);
    expect(JSON.stringify([daemon.log, subscriber.received])).not.toContain('canary');
    expect(daemon.stderr).toBe('');
  },
  3 * patienceMs,
);

test(
  'one board describes by the engine of another; while that is away, by its own',
  async () => {
    const { mqtt, subscriber } = await startBroker();
    const { daemon: serving, url } = await startServing({ device: 'orion', mqtt });
    const questions = {
      count: { ask: 'How many shapes are there?', type: 'integer', min: 0, max: 9 },
      circle: { ask: 'Is there a circle?', type: 'boolean' },
    };
    const sender = new Daemon({
      ...{ device: 'porch', mqtt, health_interval: '500ms' },
      engine: { url, token_file: tokenFile(), deadline: '60s' },
      cameras: {
        drawn: {
          source: { type: 'scene', seed: 900_000, size: '336x336', every: '2s' },
          ...{ interval: '500ms', questions },
        },
      },
    });
    const descriptions = (): unknown[] => subscriber.json('scenecast/porch/drawn/description');
    await until(() => descriptions().length >= 5, patienceMs);
    const truths = new DrawnTruths(900_000, '336x336');
    let right = 0;
    for (const payload of descriptions().slice(0, 5)) {
      const { description, answers, image: picture, model, tokens } = descriptionSchema.parse(payload);
      if ((await truths.find(picture.sha256))?.caption === description) right++;
      expect(answers['count']).toSatisfy((count) => Number.isInteger(count) && count >= 0 && count <= 9);
      expect(typeof answers['circle']).toBe('boolean');
      expect(model).toMatchObject({ name: expect.stringMatching(/demo/i), quant: '' });
      expect(tokens.image).toBeGreaterThan(200);
    }
    expect(right).toBeGreaterThanOrEqual(4);
    expect(serving.log.filter(({ msg }) => msg === 'served').length).toBeGreaterThanOrEqual(15);
    const health = () => healthSchema.parse(subscriber.json('scenecast/porch/health').at(-1));
    await until(() => health().remote_engine?.state === 'ok', patienceMs);

    expect((await serving.end()).code).toBe(0);
    const before = descriptions().length;
    await until(() => descriptions().length >= before + 3, patienceMs);
    expect(descriptionSchema.parse(descriptions().at(-1)).model.quant).toBe('F16');
    await until(() => health().remote_engine?.state === 'failing', patienceMs);
    expect(health().remote_engine).toMatchObject({
      reason: expect.stringContaining('nothing listens there'),
    });
    expect((await sender.end()).code).toBe(0);
    expect(JSON.stringify([sender.log, serving.log, subscriber.received])).not.toContain('canary');
    expect([sender.stderr, serving.stderr]).toEqual(['', '']);
  },
  3 * patienceMs,
);

test(
  'without serve no port is open',
  async () => {
    const { mqtt } = await startBroker();
    const daemon = new Daemon({ mqtt, cameras: { drawn: { source: { type: 'scene' } } } });
    await daemon.logged('model loaded', patienceMs);
    expect(listeningPorts(daemon.pid)).toEqual([]);
    expect((await daemon.end()).code).toBe(0);
  },
  patienceMs,
);
