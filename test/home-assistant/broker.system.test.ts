import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { HomeAssistantAnnouncer } from '../../src/home-assistant/announcer.ts';
import type { HomeAssistantDevice } from '../../src/home-assistant/device.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';
import { workshop } from './discovery-fixture.ts';

const config = 'homeassistant/device/scenecast_workshop/config';
const log = { debug() {}, info() {}, warn() {}, error() {} };
const withoutYard = { ...workshop, cameras: workshop.cameras.slice(0, 1) };

async function broker(): Promise<string> {
  const mosquitto = await Mosquitto.start();
  onTestFinished(() => mosquitto.close());
  return mosquitto.url;
}

async function listen(url: string): Promise<Subscriber> {
  const subscriber = await Subscriber.start(url);
  onTestFinished(() => subscriber.close());
  return subscriber;
}

/** Announces over a client of MQTT.js, with a clock that is ten times as fast. */
async function announce(url: string, device: HomeAssistantDevice, enabled = true): Promise<void> {
  const { client } = await Subscriber.start(url, 'nothing');
  const announcer = new HomeAssistantAnnouncer({
    device,
    prefix: 'homeassistant',
    enabled,
    publish: (topic, payload) => void client.publish(topic, payload, { qos: 1, retain: true }),
    subscribe: (topic, onMessage) => subscribe(client, topic, onMessage),
    random: Math.random,
    sleep: (ms, signal) => sleep(ms / 10, undefined, { signal }),
    log,
  });
  onTestFinished(async () => {
    await announcer.close();
    await client.endAsync(true);
  });
  announcer.start();
}

async function subscribe(
  client: MqttClient,
  topic: string,
  onMessage: (payload: string, retained: boolean) => void,
): Promise<() => void> {
  client.on('message', (received, payload, { retain }) => {
    if (received === topic) onMessage(payload.toString(), retain);
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return () => void client.unsubscribe(topic);
}

test('a real broker retains the announcement, so that a later one knows what to withdraw', async () => {
  const url = await broker();
  const homeAssistant = await listen(url);
  const messages = (): string[] =>
    homeAssistant.received.filter(({ topic }) => topic === config).map(({ payload }) => payload);

  await announce(url, workshop);
  await until(() => messages().length === 1);
  expect(JSON.parse(messages()[0]!).components).toHaveProperty(['yard:description', 'unique_id']);

  await announce(url, withoutYard);
  await until(() => messages().length === 3);
  expect(JSON.parse(messages()[1]!).components['yard:description']).toEqual({ platform: 'sensor' });
  expect(JSON.parse(messages()[2]!).components).not.toHaveProperty(['yard:description']);

  await announce(url, withoutYard, false);
  await until(() => messages().length === 4);
  expect(messages()[3]).toBe('');
  const late = await listen(url);
  await late.client.publishAsync('end', '');
  await until(() => late.received.some(({ topic }) => topic === 'end'));
  expect(late.received.filter(({ topic }) => topic === config)).toEqual([]);
});

test('a birth message of Home Assistant triggers another announcement', async () => {
  const url = await broker();
  const homeAssistant = await listen(url);
  const count = (): number => homeAssistant.received.filter(({ topic }) => topic === config).length;
  await announce(url, workshop);
  await until(() => count() === 1);
  // The announcer may not have subscribed yet, so the birth message is repeated.
  const birth = setInterval(() => homeAssistant.client.publish('homeassistant/status', 'online'), 100);
  onTestFinished(() => clearInterval(birth));
  await until(() => count() > 1);
});
