import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { HomeAssistantAnnouncer } from '../../src/home-assistant/announcer.ts';
import type { HomeAssistantDevice } from '../../src/home-assistant/device.ts';
import { matchesFilter } from '../../src/mqtt/connection/matches-filter.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';
import { workshop } from './discovery-fixture.ts';
import singleDevice from './single-device.json' with { type: 'json' };

const board = 'homeassistant/device/scenecast_workshop/config';
const front = 'homeassistant/device/scenecast_workshop/front_door/config';
const yard = 'homeassistant/device/scenecast_workshop/yard/config';
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
    send: async ({ topic, payload, retain }) => {
      await client.publishAsync(topic, payload, { qos: 1, retain });
    },
    subscribe: (filter, onMessage) => subscribe(client, filter, onMessage),
    onAnnounced: () => {},
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
  filter: string,
  onMessage: (message: { topic: string; payload: string; retained: boolean }) => void,
): Promise<() => void> {
  client.on('message', (topic, payload, { retain }) => {
    if (matchesFilter(filter, topic)) onMessage({ topic, payload: payload.toString(), retained: retain });
  });
  await client.subscribeAsync(filter, { qos: 1 });
  return () => void client.unsubscribe(filter);
}

test('a real broker retains the announcement, so that a later one knows what to withdraw', async () => {
  const url = await broker();
  const homeAssistant = await listen(url);
  const messages = (topic: string): string[] =>
    homeAssistant.received.filter((message) => message.topic === topic).map(({ payload }) => payload);

  // As an earlier version announced it.
  await homeAssistant.client.publishAsync(board, JSON.stringify(singleDevice), { qos: 1, retain: true });
  await announce(url, workshop);
  await until(() => messages(board).length === 3 && messages(yard).length === 1);
  expect(JSON.parse(messages(board)[1]!)).toEqual({ migrate_discovery: true });
  expect(JSON.parse(messages(board)[2]!).components).not.toHaveProperty(['yard:description']);
  expect(JSON.parse(messages(yard)[0]!).components).toHaveProperty(['description', 'unique_id']);

  await announce(url, withoutYard);
  await until(() => messages(yard).length === 2);
  expect(messages(yard)[1]).toBe('');
  await until(() => messages(board).length === 4);

  await announce(url, withoutYard, false);
  await until(() => messages(front).at(-1) === '');
  expect(messages(board)[4]).toBe('');
  const late = await listen(url);
  await late.client.publishAsync('end', '');
  await until(() => late.received.some(({ topic }) => topic === 'end'));
  expect(late.received.filter(({ topic }) => topic.startsWith('homeassistant/'))).toEqual([]);
});

test('a birth message of Home Assistant triggers another announcement', async () => {
  const url = await broker();
  const homeAssistant = await listen(url);
  const count = (): number => homeAssistant.received.filter(({ topic }) => topic === board).length;
  await announce(url, workshop);
  await until(() => count() === 1);
  // The announcer may not have subscribed yet, so the birth message is repeated.
  const birth = setInterval(() => homeAssistant.client.publish('homeassistant/status', 'online'), 100);
  onTestFinished(() => clearInterval(birth));
  await until(() => count() > 1);
});
