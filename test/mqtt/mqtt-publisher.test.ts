import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { MqttPublisher } from '../../src/mqtt/mqtt-publisher.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../support/subscriber.ts';
import { until } from '../support/until.ts';

const id = '01KAGX4V6Q8Z1Y2X3W4V5T6S7R';
const lines: { fields: object; message: string }[] = [];
const keep = (fields: object, message: string): void => void lines.push({ fields, message });
const log = { debug: keep, info: keep, warn: keep, error: keep };

afterEach(() => {
  lines.length = 0;
});

async function broker(settings?: string): Promise<Mosquitto> {
  const mosquitto = await Mosquitto.start(settings);
  onTestFinished(() => mosquitto.close());
  return mosquitto;
}

async function subscribe(url: string): Promise<Subscriber> {
  const subscriber = await Subscriber.start(url);
  onTestFinished(() => subscriber.close());
  return subscriber;
}

async function publish(
  url: string,
  extra: { username?: string; passwordFile?: string } = {},
): Promise<MqttPublisher> {
  const publisher = new MqttPublisher({
    url,
    username: null,
    passwordFile: null,
    device: 'test',
    log,
    ...extra,
  });
  onTestFinished(() => publisher.close());
  await publisher.start();
  return publisher;
}

test('status is retained: online while there, offline after a clean end', async () => {
  const { url } = await broker();
  const publisher = await publish(url);
  const early = await subscribe(url);
  await until(() => early.received.length === 1);
  expect(early.json('scenecast/test/status')).toEqual([{ state: 'online' }]);
  await publisher.close();
  await publisher.close();
  await until(() => early.received.length === 2);
  const late = await subscribe(url);
  await until(() => late.received.length === 1);
  expect(late.received[0]).toEqual({
    topic: 'scenecast/test/status',
    payload: '{"state":"offline"}',
    retain: true,
  });
});

test('retained state comes again after a broker lost its memory; events of the meantime are dropped and counted', async () => {
  const mosquitto = await broker();
  const publisher = await publish(mosquitto.url);
  publisher.cameraStatus('porch', { state: 'online', reason: null });
  await until(() => lines.some(({ message }) => message === 'connected to the broker'));
  await mosquitto.down();
  await until(() => lines.some(({ message }) => message === 'broker connection closed'));
  publisher.event({ type: 'captured', id, camera: 'porch' });
  publisher.cameraStatus('porch', { state: 'offline', reason: 'unplugged' });
  await mosquitto.up();
  const subscriber = await subscribe(mosquitto.url);
  await until(() => subscriber.json('scenecast/test/porch/status').length > 0);
  expect(subscriber.json('scenecast/test/porch/status').at(-1)).toEqual({
    state: 'offline',
    reason: 'unplugged',
  });
  expect(subscriber.json('scenecast/test/status').at(-1)).toEqual({ state: 'online' });
  expect(subscriber.json('scenecast/test/porch/event')).toEqual([]);
  const connects = lines.filter(({ message }) => message === 'connected to the broker');
  expect(connects.at(-1)?.fields).toMatchObject({ dropped: 1 });
  publisher.event({ type: 'failed', id, camera: 'porch', reason: 'x' });
  await until(() => subscriber.json('scenecast/test/porch/event').length === 1);
});

test('each answer is retained under its question, with its type', async () => {
  const { url } = await broker();
  const publisher = await publish(url);
  const subscriber = await subscribe(url);
  publisher.observation({
    frame: {
      id,
      camera: 'porch',
      capturedAt: new Date('2026-11-21T12:00:00Z'),
      captureMs: 0,
      picture: { size: { width: 1, height: 1 }, bytes: Buffer.from('jpeg') },
    },
    trigger: 'interval',
    prompt: 'default',
    description: {
      text: 'a porch',
      answers: { gate_open: false, people: 2 },
      finishReason: 'stop',
      timings: { packMs: 0, encodeMs: 0, prefillMs: 0, generateMs: 0 },
      tokens: { image: 1, prompt: 1, completion: 1 },
      model: { name: 'demo', quant: 'F16', build: 'b1' },
    },
    queueMs: 0,
    totalMs: 0,
  });
  const answer = (question: string): string => `scenecast/test/porch/answer/${question}`;
  await until(() => subscriber.json(answer('people')).length > 0);
  const captured_at = '2026-11-21T12:00:00.000Z';
  expect(subscriber.json(answer('gate_open'))).toEqual([{ id, value: false, captured_at }]);
  expect(subscriber.json(answer('people'))).toEqual([{ id, value: 2, captured_at }]);
  const late = await subscribe(url);
  await until(() => late.json(answer('people')).length > 0);
  expect(late.received.find(({ topic }) => topic === answer('people'))).toMatchObject({ retain: true });
});

test('the newest health is retained, at most once', async () => {
  const { url } = await broker();
  const publisher = await publish(url);
  const early = await subscribe(url);
  const qualities: number[] = [];
  early.client.on('message', (_topic, _payload, { qos, retain }) => {
    if (!retain) qualities.push(qos);
  });
  const frames = { captured: 0, described: 0, unchanged: 0, failed: 0, dropped: 0, expired: 0 };
  publisher.health({ engine: 'idle', queueDepth: 0, frames, cameras: {} });
  publisher.health({ engine: 'busy', queueDepth: 0, frames, cameras: {} });
  const topic = 'scenecast/test/health';
  await until(() => early.json(topic).at(-1)?.engine === 'busy');
  const late = await subscribe(url);
  await until(() => late.json(topic).length > 0);
  expect(late.json(topic)).toMatchObject([{ engine: 'busy' }]);
  expect(late.received.find((message) => message.topic === topic)).toMatchObject({ retain: true });
  expect(qualities).toContain(0);
});

test('user and password come from the config and a file, and the password is in no log line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-password-'));
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'correct horse\n');
  const hashed = join(folder, 'hashed');
  const { execFileSync } = await import('node:child_process');
  execFileSync('mosquitto_passwd', ['-b', '-c', hashed, 'board', 'correct horse']);
  const { url } = await broker(`password_file ${hashed}\nuser root`);
  await publish(url, { username: 'board', passwordFile });
  await until(() => lines.some(({ message }) => message === 'connected to the broker'));
  writeFileSync(passwordFile, 'wrong horse\n');
  await publish(url, { username: 'board', passwordFile });
  await until(() => lines.some(({ message }) => message === 'no connection to the broker'));
  expect(JSON.stringify(lines)).not.toContain('horse');
});

test('a password file that is not there is named', async () => {
  const publisher = new MqttPublisher({
    url: 'mqtt://127.0.0.1:1',
    username: 'board',
    passwordFile: '/nowhere/password',
    device: 'test',
    log,
  });
  await expect(publisher.start()).rejects.toThrow(/mqtt\.password_file \/nowhere\/password: cannot be read/);
});

test('a broker that speaks only MQTT 3.1.1 is served in 3.1.1', async () => {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    server.close();
  });
  const seen: string[] = [];
  aedes.on('publish', ({ topic, payload }) => void seen.push(`${topic} ${payload}`));
  await publish(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await until(() => seen.includes('scenecast/test/status {"state":"online"}'));
});

test('without a broker, closing is quick', async () => {
  const publisher = await publish('mqtt://127.0.0.1:1');
  publisher.event({ type: 'captured', id, camera: 'porch' });
  const start = performance.now();
  await publisher.close();
  expect(performance.now() - start).toBeLessThan(1000);
});
