import sharp from 'sharp';
import { describe, expect, onTestFinished, type TestContext, test, vi } from 'vitest';
import { Commands } from '../../src/mqtt/commands/commands.ts';
import { PoolWorker } from '../../src/mqtt/pool/worker.ts';
import { openBroker } from '../../tools/test/broker-address.ts';
import { channelOf } from '../../tools/test/channel-of.ts';
import { ErlangBroker, type ErlangBrokerName, isInstalled } from '../../tools/test/erlang-broker.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import {
  type Publishing,
  scratchFolder,
  startBroker,
  startPublisher,
  subscribe,
} from '../../tools/test/mqtt.ts';
import { observation } from '../../tools/test/observation.ts';
import { RecordedEngine } from '../../tools/test/pool.ts';
import { forward, startRudeServer } from '../../tools/test/rude-server.ts';
import type { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

vi.setConfig({ testTimeout: 120_000 });

interface Broker {
  readonly url: string;
  readonly port: number;
  readonly login?: { readonly username: string; readonly passwordFile: string };
  up(): Promise<void>;
  down(): Promise<void>;
}

/** The brokers, with what each cannot do: the table in docs/mqtt.md. */
const brokers = [
  { name: 'mosquitto', protocolVersion: 5, sendsRetainedToWildcards: true, poolFault: null },
  {
    name: 'rabbitmq-server',
    protocolVersion: 4,
    sendsRetainedToWildcards: false,
    poolFault: /does not speak MQTT 5, which worker boards need/,
  },
  {
    name: 'ejabberd',
    protocolVersion: 5,
    sendsRetainedToWildcards: true,
    poolFault: /the broker does not support shared subscriptions/,
  },
] as const;

async function start(name: 'mosquitto' | ErlangBrokerName, { skip }: TestContext): Promise<Broker> {
  if (name === 'mosquitto') return startBroker();
  skip(!isInstalled(name), `the Debian package ${name} is not installed`);
  return ErlangBroker.start(name);
}

const base = 'scenecast/test';

/** Answers commands as the daemon does. */
async function startCommands({ publisher, log }: Publishing): Promise<void> {
  const rights = {
    describe: true,
    ask: true,
    feedback: true,
    restart: true,
    watch: true,
    set: ['paused', 'interval', 'prompt'],
  } as const;
  let subscriptions = 0;
  const commands = new Commands({
    ...{
      device: 'test',
      cameras: ['porch'],
      allowed: rights,
      rate: 1000,
      burst: 1000,
      timeoutMs: 60_000,
      log,
    },
    request: async (_camera, { ask }) => ({ observation: observation(), answer: ask ? 2 : null }),
    feedback: async () => Promise.reject(new Error('not asked')),
    restart: async () => {},
    watch: () => Promise.reject(new Error('not asked')),
    unwatch: async () => {},
    set: async (_camera, change) => ({ paused: false, intervalMs: 10_000, prompt: 'default', ...change }),
    subscribe: async (topic, onMessage, signal) => {
      const end = await publisher.subscribe(topic, onMessage, signal);
      subscriptions++;
      return end;
    },
    send: (message) => publisher.send(message),
  });
  onTestFinished(() => commands.close());
  commands.start();
  await until(() => subscriptions === 6 + 3);
}

/** Every message is one of the contract's. */
function expectContract({ received }: Subscriber): void {
  for (const { topic, payload } of received) {
    if (topic.includes('/request/') || topic.includes('/set/')) continue;
    const channel = channelOf(topic);
    expect(channel, topic).toBeDefined();
    if (channel!.payload) channel!.payload.parse(JSON.parse(payload));
  }
}

describe.each(brokers)('$name', ({ name, protocolVersion, sendsRetainedToWildcards, poolFault }) => {
  const clientOf = ({ login }: Broker) => ({
    protocolVersion,
    ...(login && { username: login.username, password: 'secret' }),
  });

  test('state, stream, events, pictures and commands arrive as in the contract', async (context) => {
    const broker = await start(name, context);
    const live = await subscribe(broker.url, `${base}/#`, clientOf(broker));
    const picture = await sharp({ create: { width: 640, height: 480, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer();
    const proxy = await startRudeServer({ onData: (socket, data) => forward(socket, data, broker.port) });
    const publishing = await startPublisher(`mqtt://${proxy.address}`, {
      ...broker.login,
      images: new Map([['porch', async () => ({ bytes: picture, size: { width: 640, height: 480 } })]]),
    });
    const { publisher, outbox, log } = publishing;
    publisher.cameraStatus('porch', { state: 'online', problem: null, reason: null });
    publisher.cameraVision('porch', { state: 'current', since: new Date(), reason: null });
    publisher.cameraSettings('porch', { paused: false, intervalMs: 10_000, prompt: 'default' }, null);
    const frames = { captured: 0, described: 0, unchanged: 0, failed: 0, dropped: 0, expired: 0 };
    publisher.health({ engine: 'idle', queueDepth: 0, frames, cameras: {} });
    const made = Array.from({ length: 30 }, (_, index) =>
      observation({ text: `grüße ${index} ${'x'.repeat(1000)}`, answers: { people: index } }),
    );
    // Before, events are dropped.
    await until(() => log.of('connected to the broker').length === 1);
    for (const each of made) {
      publisher.observation(each);
      publisher.event({ type: 'described', id: each.frame.id, camera: 'porch' });
    }
    await until(() => live.json(`${base}/porch/observation`).length === 30);
    expect(log.of('connected to the broker')[0]!.fields.mqtt).toBe(protocolVersion);
    expect(live.json(`${base}/porch/observation`).map(({ id }) => id)).toEqual(
      made.map(({ frame }) => frame.id),
    );
    await until(() => outbox.health.depth === 0);
    await until(() => live.json(`${base}/outbox`).at(-1)?.seq === 30);

    await startCommands(publishing);
    const say = (topic: string, payload: object) =>
      live.client.publishAsync(`${base}/${topic}`, JSON.stringify(payload), { qos: 1 });
    await say('request/describe', { camera: 'porch', transaction: 'a' });
    await say('porch/set/paused', { value: true, transaction: 'b' });
    await until(() => live.json(`${base}/response/describe`).length === 1);
    await until(() => live.json(`${base}/response/set`).length === 1);
    expect(live.json(`${base}/response/describe`)).toMatchObject([{ status: 'ok', transaction: 'a' }]);
    expect(live.json(`${base}/response/set`)).toMatchObject([{ transaction: 'b' }]);
    await until(() => live.received.some(({ topic }) => topic === `${base}/porch/image`));
    await until(() => live.json(`${base}/porch/event`).length > 0);
    const images = live.received.filter(({ topic }) => topic === `${base}/porch/image`);
    live.received.splice(0, live.received.length, ...live.received.filter((one) => !images.includes(one)));
    expectContract(live);

    // What a late subscriber sees, by topic and by wildcard.
    const retained = [
      ...['status', 'health', 'outbox', 'porch/status', 'porch/description', 'porch/answer/people'],
      ...['porch/config', 'porch/image', 'porch/image_info', 'porch/vision'],
    ];
    for (const topic of retained) {
      const late = await subscribe(broker.url, `${base}/${topic}`, clientOf(broker));
      await until(() => late.received.length > 0, 5000, `${topic} is not retained`);
      expect(late.received[0]!.retain, topic).toBe(true);
    }
    const byWildcard = await subscribe(broker.url, `${base}/#`, clientOf(broker));
    const all = new Set(retained.map((topic) => `${base}/${topic}`));
    const seen = () => new Set(byWildcard.received.map(({ topic }) => topic));
    if (sendsRetainedToWildcards) await until(() => [...all].every((topic) => seen().has(topic)));
    else {
      publisher.health({ engine: 'busy', queueDepth: 0, frames, cameras: {} });
      await until(() => byWildcard.received.length > 0);
      expect(seen()).toEqual(new Set([`${base}/health`]));
    }

    // A daemon that is gone.
    proxy.disconnectAll();
    await until(() => live.json(`${base}/status`).some(({ state }) => state === 'offline'));
    await until(() => live.json(`${base}/status`).at(-1)?.state === 'online');
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('nothing is lost when the broker is killed', async (context) => {
    const broker = await start(name, context);
    const path = `${scratchFolder()}/outbox.db`;
    const { publisher, outbox, log } = await startPublisher(broker.url, { ...broker.login, path });
    const live = await subscribe(broker.url, `${base}/porch/#`, clientOf(broker));
    const made = Array.from({ length: 40 }, () => observation());
    for (const each of made.slice(0, 20)) publisher.observation(each);
    await until(() => live.json(`${base}/porch/observation`).length === 20);
    await broker.down();
    await until(() => log.of('broker connection closed').length > 0);
    for (const each of made.slice(20)) publisher.observation(each);
    await broker.up();
    await until(() => outbox.health.depth === 0 && log.of('connected to the broker').length === 2, 60_000);
    const ids = () => new Set(live.json(`${base}/porch/observation`).map(({ id }) => id));
    await until(() => ids().size === 40, 60_000);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('worker boards work, or the log says why not', async (context) => {
    const broker = await start(name, context);
    const log = new LogLines();
    const worker = new PoolWorker({
      broker: {
        ...openBroker(broker.url),
        ...broker.login,
        reconnect: { firstMs: 50, maxMs: 200, stableMs: 1000 },
      },
      ...{ pool: 'boards', device: 'orion', describer: new RecordedEngine(), prompt: 'What?', log },
      ...{ maxInFlight: 1, maxImageBytes: 1 << 20 },
    });
    onTestFinished(() => worker.close());
    await worker.start();
    const lines = [
      'accepting images for the pool',
      'cannot accept images for the pool',
      'no connection to the broker',
    ];
    await until(() => log.lines.some(({ message }) => lines.includes(message)));
    const found = log.lines.find(({ message }) => lines.includes(message))!;
    if (poolFault === null) expect(found.message).toBe(lines[0]);
    else expect(found.fields.reason).toMatch(poolFault);
  });
});
