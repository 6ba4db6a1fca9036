import { expect, test } from 'vitest';
import { startBroker, startPublisher, subscribe } from '../../../tools/test/mqtt.ts';
import { until } from '../../../tools/test/until.ts';

const never = new AbortController().signal;

test('a subscription survives a restart of the broker, receives retained messages, and can be ended', async () => {
  const mosquitto = await startBroker();
  const { publisher, log } = await startPublisher(mosquitto.url);
  const other = await subscribe(mosquitto.url);
  await other.client.publishAsync('birth', 'old', { qos: 1, retain: true });
  const heard: string[] = [];
  const end = await publisher.subscribe(
    'birth',
    ({ payload, retained }) => void heard.push(`${payload}${retained ? ', retained' : ''}`),
    never,
  );
  await until(() => heard.length === 1);
  await mosquitto.down();
  await until(() => log.of('broker connection closed').length > 0);
  await mosquitto.up();
  await until(() => log.of('connected to the broker').length === 2);
  const again = await subscribe(mosquitto.url);
  // The subscription is accepted a moment after the connection.
  await until(() => {
    again.client.publish('birth', 'online', { qos: 1 });
    return heard.includes('online');
  });
  end();
  end();
  const count = heard.length;
  await again.client.publishAsync('birth', 'too late', { qos: 1 });
  expect(heard[0]).toBe('old, retained');
  expect(heard.slice(1, count).every((payload) => payload === 'online')).toBe(true);
  expect(heard).not.toContain('too late');
});

test('a subscription that is aborted before there is a connection rejects', async () => {
  const mosquitto = await startBroker();
  await mosquitto.down();
  const { publisher } = await startPublisher(mosquitto.url);
  const stop = new AbortController();
  const waiting = publisher.subscribe('birth', () => {}, stop.signal);
  stop.abort(new Error('stopping'));
  await expect(waiting).rejects.toThrow('stopping');
});

test('a retained topic that is cleared stays cleared on the next connection', async () => {
  const mosquitto = await startBroker();
  const { publisher, log } = await startPublisher(mosquitto.url);
  await until(() => log.of('connected to the broker').length > 0);
  publisher.retain('kept', 'this');
  publisher.retain('cleared', 'that');
  const first = await subscribe(mosquitto.url);
  await until(() => first.received.some(({ topic }) => topic === 'cleared'));
  publisher.retain('cleared', '');
  await until(() => first.received.some(({ topic, payload }) => topic === 'cleared' && payload === ''));
  await mosquitto.down();
  await until(() => log.of('broker connection closed').length > 0);
  await mosquitto.up();
  const second = await subscribe(mosquitto.url);
  await until(() => second.received.some(({ topic }) => topic === 'kept'));
  expect(second.received.filter(({ topic }) => topic === 'cleared')).toEqual([]);
});

test('a filter with wildcards receives retained messages with their topics', async () => {
  const mosquitto = await startBroker();
  const { publisher } = await startPublisher(mosquitto.url);
  const other = await subscribe(mosquitto.url);
  for (const topic of ['ha/porch/config', 'ha/yard/config', 'ha/config', 'ha/yard/state'])
    await other.client.publishAsync(topic, 'x', { qos: 1, retain: true });
  const heard: string[] = [];
  await publisher.subscribe('ha/+/config', ({ topic }) => void heard.push(topic), never);
  await until(() => heard.length === 2);
  expect(heard.toSorted()).toEqual(['ha/porch/config', 'ha/yard/config']);
});
