import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Aedes } from 'aedes';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { EngineError, ExpiredError } from '../../../src/domain/errors.ts';
import type { Description } from '../../../src/domain/observation.ts';
import { PoolDescriber } from '../../../src/mqtt/pool/describer.ts';
import type { DescribeRequest } from '../../../src/pipeline/ports.ts';
import { openBroker } from '../../../tools/test/broker-address.ts';
import { LogLines } from '../../../tools/test/log-lines.ts';
import { startBroker, subscribe } from '../../../tools/test/mqtt.ts';
import { jpegOf, RecordedEngine, startSender, startWorker } from '../../../tools/test/pool.ts';
import { ScriptedBroker } from '../../../tools/test/scripted-broker.ts';
import { until } from '../../../tools/test/until.ts';

const never = new AbortController().signal;

async function requestOf(prompt: string): Promise<DescribeRequest> {
  return {
    picture: { bytes: await jpegOf(), size: { width: 32, height: 24 } },
    prompt,
    questions: [{ name: 'full', ask: 'Is it full?', type: { kind: 'boolean' } }],
    frame: { id: '01M80ETZR3K0WZ785KG7EKMKX8', camera: 'porch' },
  };
}

test('a frame is described by a board of the pool like by the own engine', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url);
  const { pool } = await startSender(broker.url);
  const description = await pool.describe(await requestOf('What?'), never);
  expect(description).toEqual<Description>({
    text: 'seen: What?',
    answers: { full: true },
    confidences: {},
    finishReason: 'stop',
    timings: { packMs: 1, encodeMs: 2, prefillMs: 3, generateMs: 4 },
    tokens: { image: 5, imageOmitted: 9, prompt: 6, completion: 7, drafted: 0, accepted: 0 },
    model: { name: 'recorded', quant: 'none', build: 'none' },
  });
  expect(engine.asked[0]?.questions).toEqual((await requestOf('What?')).questions);
});

test('raw pixels and other file formats are sent as JPEG', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url);
  const { pool } = await startSender(broker.url);
  const request = await requestOf('What?');
  const size = { width: 32, height: 24 };
  const rgb = await sharp(await jpegOf())
    .raw()
    .toBuffer();
  await pool.describe({ ...request, picture: { bytes: rgb, size, pixels: 'rgb24' } }, never);
  const webp = await sharp(await jpegOf())
    .webp()
    .toBuffer();
  await pool.describe({ ...request, picture: { bytes: webp, size } }, never);
  for (const { picture } of engine.asked) {
    expect(picture.size).toEqual(size);
    expect((await sharp(picture.bytes).metadata()).format).toBe('jpeg');
    // Teal, still.
    const { dominant } = await sharp(picture.bytes).stats();
    expect(dominant.r).toBeLessThan(40);
    expect(dominant.g).toBeGreaterThan(100);
  }
});

test('a prompt with several lines, or longer than a property, arrives unchanged', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url);
  const { pool } = await startSender(broker.url);
  const prompts = ['First, the people.\nThen the cars.', 'Is it “open”?', 'One line.'];
  for (const prompt of prompts) await pool.describe(await requestOf(prompt), never);
  expect(engine.asked.map(({ prompt }) => prompt)).toEqual(prompts);
  const questions = Array.from({ length: 150 }, (_, index) => ({ name: `q${index}`, ask: 'x'.repeat(500) }));
  await pool.describe({ ...(await requestOf('Many.')), questions }, never);
  expect(engine.asked.at(-1)?.questions).toEqual(questions);
});

test('a busy board refuses images, so that the free one describes the most', async () => {
  const broker = await startBroker();
  const slow = await startWorker(broker.url, { device: 'slow', engine: new RecordedEngine(1500) });
  const fast = await startWorker(broker.url, { device: 'fast', engine: new RecordedEngine(20) });
  const { pool } = await startSender(broker.url);
  let left = 12;
  const sendOn = async (): Promise<void> => {
    while (left-- > 0) await pool.describe(await requestOf('What?'), never);
  };
  await Promise.all([sendOn(), sendOn()]);
  expect(slow.engine.asked.length + fast.engine.asked.length).toBe(12);
  expect(fast.engine.asked.length).toBeGreaterThanOrEqual(9);
});

test('if a board falls silent, another one describes the image', async () => {
  const broker = await startBroker();
  // Sends `working` once, then nothing.
  const silent = new RecordedEngine(600_000);
  await startWorker(broker.url, { device: 'silent', engine: silent, workingEveryMs: 600_000 });
  const { pool } = await startSender(broker.url, { silenceMs: 500 });
  const described = pool.describe(await requestOf('What?'), never);
  await until(() => silent.asked.length === 1);
  const other = await startWorker(broker.url, { device: 'other' });
  expect((await described).text).toBe('seen: What?');
  expect(other.engine.asked).toHaveLength(1);
});

test('a board that sends `working` is waited for longer than a silent one', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url, { engine: new RecordedEngine(1500), workingEveryMs: 100 });
  const { pool } = await startSender(broker.url, { silenceMs: 1000 });
  await pool.describe(await requestOf('What?'), never);
  expect(engine.asked).toHaveLength(1);
});

test('after the deadline a frame expires, or is described by the own engine', async () => {
  const broker = await startBroker();
  const request = await requestOf('What?');
  const { pool } = await startSender(broker.url, { deadlineMs: 300 });
  await expect(pool.describe(request, never)).rejects.toThrow(ExpiredError);
  await expect(pool.describe(request, never)).rejects.toThrow(
    /no board of the pool described it within 300 ms/,
  );
  const fallback = new RecordedEngine();
  const { pool: withOwn, log } = await startSender(broker.url, { device: 'yard', deadlineMs: 300, fallback });
  expect((await withOwn.describe(request, never)).text).toBe('seen: What?');
  expect(fallback.asked).toEqual([request]);
  expect(log.of('not described by the pool; using the own engine')).toHaveLength(1);
});

test('if the pool is away, only the first frame waits the whole deadline', async () => {
  const broker = await startBroker();
  // It never answers. Without any subscriber, the broker would say so.
  await subscribe(broker.url, 'scenecast/work/#');
  const request = await requestOf('What?');
  const fallback = new RecordedEngine();
  const { pool } = await startSender(broker.url, { deadlineMs: 3000, silenceMs: 700, fallback });
  const described = async (): Promise<number> => {
    const startMs = performance.now();
    await pool.describe(request, never);
    return performance.now() - startMs;
  };
  expect(await described()).toBeGreaterThan(2900);
  expect(await described()).toBeLessThan(2000);
  expect(fallback.asked).toHaveLength(2);
  // A board that is back answers during the next frame; the one after that has the whole deadline again.
  const { engine } = await startWorker(broker.url, { engine: new RecordedEngine(1000) });
  await described();
  await described();
  expect(fallback.asked).toHaveLength(3);
  expect(engine.asked.length).toBeGreaterThanOrEqual(1);
});

test('an image has a message expiry interval, so that the broker drops it after the deadline', async () => {
  const broker = await startBroker();
  const { client } = await subscribe(broker.url, 'scenecast/work/#');
  const expiries: (number | undefined)[] = [];
  client.on('message', (_topic, _payload, { properties }) =>
    expiries.push(properties?.messageExpiryInterval),
  );
  const { pool } = await startSender(broker.url, { deadlineMs: 2500 });
  await expect(pool.describe(await requestOf('What?'), never)).rejects.toThrow(ExpiredError);
  expect(expiries).toEqual([3]);
});

test('a failure of a board is reported with its reason, or the own engine describes the frame', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url);
  engine.fault = new Error('the context is full');
  const { pool } = await startSender(broker.url);
  const failed = pool.describe(await requestOf('What?'), never);
  await expect(failed).rejects.toThrow(EngineError);
  await expect(failed).rejects.toThrow('worker board: the context is full');
  const fallback = new RecordedEngine();
  const { pool: withOwn } = await startSender(broker.url, { device: 'yard', fallback });
  expect((await withOwn.describe(await requestOf('Why?'), never)).text).toBe('seen: Why?');
});

test('no frame is lost if the broker goes away and comes back', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url, { engine: new RecordedEngine(500) });
  const { pool } = await startSender(broker.url, { silenceMs: 1000 });
  const described = pool.describe(await requestOf('What?'), never);
  await until(() => engine.asked.length === 1);
  await broker.down('SIGKILL');
  await broker.up();
  expect((await described).text).toBe('seen: What?');
});

test('an aborted request rejects at once', async () => {
  const broker = await startBroker();
  await startWorker(broker.url, { engine: new RecordedEngine(60_000) });
  const { pool } = await startSender(broker.url, { fallback: new RecordedEngine() });
  const stop = new AbortController();
  const described = pool.describe(await requestOf('What?'), stop.signal);
  stop.abort(new Error('stopping'));
  await expect(described).rejects.toThrow('stopping');
});

test('a broker without MQTT 5 is reported', async () => {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const log = new LogLines();
  const pool = new PoolDescriber({
    broker: openBroker(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ...{ device: 'porch-board', pool: null, concurrency: 4, deadlineMs: 1000, fallback: null, log },
  });
  onTestFinished(async () => {
    await pool.close();
    aedes.close();
    server.close();
  });
  await pool.start();
  await until(() => log.of('no connection to the broker').length > 0);
  expect(log.of('no connection to the broker')[0]?.fields.reason).toMatch(/need a broker with MQTT 5/);
});

test('if the broker disconnects over an image, it is sent again over the next connection until the deadline', async () => {
  const broker = await ScriptedBroker.start(() => ({ disconnect: 0x8b }));
  const { pool } = await startSender(broker.url, { deadlineMs: 3000 });
  await expect(pool.describe(await requestOf('What?'), never)).rejects.toThrow(ExpiredError);
  expect(broker.connections).toBeGreaterThan(1);
});
