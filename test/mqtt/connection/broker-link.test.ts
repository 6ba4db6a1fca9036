import { expect, onTestFinished, test } from 'vitest';
import { BrokerConnection } from '../../../src/mqtt/connection/broker-connection.ts';
import type { BrokerLink } from '../../../src/mqtt/connection/broker-link.ts';
import { openBroker } from '../../../tools/test/broker-address.ts';
import { LogLines } from '../../../tools/test/log-lines.ts';
import { ScriptedBroker } from '../../../tools/test/scripted-broker.ts';

/** A link to a broker with these CONNACK properties. */
async function linkTo(connackProperties: number[]): Promise<BrokerLink> {
  const broker = await ScriptedBroker.start(() => 0, { connackProperties });
  const { promise: linked, resolve } = Promise.withResolvers<BrokerLink>();
  const connection = new BrokerConnection({
    ...openBroker(broker.url),
    clientId: 'test',
    will: { topic: 'status', payload: 'gone' },
    publishTimeoutMs: 1000,
    log: new LogLines(),
    onLink: resolve,
  });
  onTestFinished(() => connection.close({ topic: 'status', payload: 'bye', qos: 1, retain: true }));
  await connection.start();
  return linked;
}

test('a broker without wildcard or shared subscriptions is not asked for any', async () => {
  const link = await linkTo([0x28, 0, 0x2a, 0]);
  await expect(link.subscribe(['a/+/b'], 1)).rejects.toThrow(
    'a/+/b: the broker does not support wildcard subscriptions',
  );
  await expect(link.subscribe(['$share/pool/a'], 1)).rejects.toThrow(/does not support shared subscriptions/);
  await expect(link.subscribe(['a/b'], 1)).resolves.toBeUndefined();
});

test('a broker without CONNACK properties supports everything, with 20 publishes at a time', async () => {
  const { limits } = await linkTo([]);
  expect(limits).toEqual({
    receiveMaximum: 20,
    maximumPacketBytes: Number.POSITIVE_INFINITY,
    maximumQos: 1,
    retainAvailable: true,
    wildcardAvailable: true,
    sharedAvailable: true,
  });
});

test('one byte over the broker’s limit for packets is not sent; at the limit it is', async () => {
  const link = await linkTo([0x27, 0, 0, 0, 100]); // Maximum Packet Size
  const message = (bytes: number) =>
    ({ topic: 'a', payload: Buffer.alloc(bytes), qos: 1, retain: false }) as const;
  await expect(link.publish(message(89))).resolves.toBeUndefined();
  await expect(link.publish(message(90))).rejects.toMatchObject({ code: 'too-large' });
});
