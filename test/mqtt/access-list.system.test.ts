import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Channel, contract } from '../../src/contract/contract.ts';
import { SecuredBroker } from '../../tools/test/secured-broker.ts';
import { until } from '../../tools/test/until.ts';

let broker: SecuredBroker;
beforeAll(async () => {
  broker = await SecuredBroker.start();
});
afterAll(() => broker.close());

const channels: Readonly<Record<string, Channel>> = contract;
/** What the worker boards subscribe to; its messages are those of `workItem`. */
const { work: _, ...addressable } = channels;
const boards = ['workshop', 'garage'] as const;
const users = [...boards, 'reader', 'operator', 'homeassistant'] as const;
type User = (typeof users)[number];

const fill = (address: string, device: string): string =>
  address
    .replace('{device}', device)
    .replace('{camera}', 'porch')
    .replace('{question}', 'gate_open')
    .replace('{rule}', 'gate_left_open');
const announcements = (board: string): string[] =>
  ['', 'porch/'].map((camera) => `homeassistant/device/scenecast_${board}/${camera}config`);

/** All topics of both boards. */
const topics = [
  ...boards.flatMap((board) => [
    ...Object.values(addressable).map(({ address }) => fill(address, board)),
    ...announcements(board),
    `scenecast/${board}/response/describe/caller-7`,
  ]),
  'homeassistant/status',
  'scenecast/elsewhere/status',
  'elsewhere',
];

/** The board and the channel that a topic belongs to; null: none. */
function ownerOf(topic: string): { board: string; direction: 'out' | 'in'; name: string } | null {
  for (const board of boards) {
    if (announcements(board).includes(topic)) return { board, direction: 'out', name: 'announcement' };
    if (topic.startsWith(`scenecast/${board}/response/`))
      return { board, direction: 'out', name: 'response' };
    for (const [name, { address, direction }] of Object.entries(addressable))
      if (fill(address, board) === topic) return { board, direction, name };
  }
  return null;
}

const isWork = (topic: string): boolean => topic.startsWith('scenecast/work/');

function mayWrite(user: User, topic: string): boolean {
  const owner = ownerOf(topic);
  if (user === 'reader') return false;
  if (user === 'homeassistant' && topic.startsWith('homeassistant/')) return true;
  if (user === 'operator' || user === 'homeassistant') return owner?.direction === 'in';
  // `garage` sends to the pool, `workshop` describes for it.
  if (isWork(topic)) return user === 'garage' && owner?.board === 'garage';
  if (user === 'workshop' && topic.endsWith('/response/work')) return true;
  return owner?.board === user && owner.direction === 'out';
}

function mayRead(user: User, topic: string): boolean {
  const owner = ownerOf(topic);
  const isBoards = topic.startsWith('scenecast/');
  if (user === 'reader') return isBoards && !isWork(topic) && owner?.name !== 'image';
  if (user === 'operator') return isBoards;
  if (user === 'homeassistant') return !isWork(topic) && topic !== 'elsewhere';
  if (topic === 'homeassistant/status') return true;
  if (isWork(topic)) return user === 'workshop';
  if (owner?.board !== user) return false;
  if (topic.endsWith('/response/work')) return user === 'garage';
  return owner.direction === 'in' || owner.name === 'outbox' || owner.name === 'announcement';
}

/** Publishes to every topic. @returns those that the broker passed on to `admin` */
async function published(
  client: MqttClient,
  onRefusal: (topic: string, code: unknown) => void,
): Promise<Set<string>> {
  const admin = await broker.connect('admin');
  const seen: string[] = [];
  admin.on('message', (topic) => void seen.push(topic));
  await admin.subscribeAsync('#', { qos: 1 });
  for (const topic of topics)
    await client.publishAsync(topic, '"probe"', { qos: 1 }).catch((error) => onRefusal(topic, error.code));
  // Everything that was allowed has been passed on before this.
  await admin.publishAsync('end', '', { qos: 1 });
  await until(() => seen.includes('end'));
  await admin.endAsync();
  return new Set(seen.filter((topic) => topic !== 'end'));
}

const writable = (user: User): Set<string> => new Set(topics.filter((topic) => mayWrite(user, topic)));

describe.each(users)('%s', (user) => {
  test('writes what it may; MQTT 5 reports the rest', async () => {
    const client = await broker.connect(user);
    const notAuthorised = 0x87;
    const refused = new Map<string, unknown>();
    expect(await published(client, (topic, code) => refused.set(topic, code))).toEqual(writable(user));
    expect([...refused.keys()]).toEqual(topics.filter((topic) => !mayWrite(user, topic)));
    expect([...new Set(refused.values())]).toEqual([notAuthorised]);
  });

  test('writes the same under MQTT 3.1.1, which reports nothing', async () => {
    const client = await broker.connect(user, { protocolVersion: 4 });
    const refused: string[] = [];
    expect(await published(client, (topic) => void refused.push(topic))).toEqual(writable(user));
    expect(refused).toEqual([]);
  });

  test.each([5, 4] as const)('reads what it may, under protocol %i', async (protocolVersion) => {
    const client = await broker.connect(user, { protocolVersion });
    const seen = new Set<string>();
    let isOver = false;
    client.on('message', (topic, payload) => {
      seen.add(topic);
      isOver ||= payload.toString() === '"end"';
    });
    await client.subscribeAsync('#', { qos: 1 });
    const admin = await broker.connect('admin');
    const readable = topics.filter((topic) => mayRead(user, topic));
    for (const topic of topics) await admin.publishAsync(topic, '"probe"', { qos: 1 });
    await admin.publishAsync(readable[0]!, '"end"', { qos: 1 });
    await until(() => isOver);
    expect(seen).toEqual(new Set(readable));
  });
});

test('no board commands itself or another, and the list knows every topic of the contract', () => {
  const commands = topics.filter((topic) => ownerOf(topic)?.direction === 'in');
  expect(commands).toHaveLength(18);
  for (const board of boards) expect(commands.filter((topic) => mayWrite(board, topic))).toEqual([]);
  for (const [name, { address, direction }] of Object.entries(addressable)) {
    if (direction === 'out' && name !== 'workItem')
      expect(mayWrite('garage', fill(address, 'garage')), name).toBe(true);
  }
});

test('a board’s last will cannot speak for another board', async () => {
  const admin = await broker.connect('admin');
  const seen: string[] = [];
  admin.on('message', (topic) => void seen.push(topic));
  await admin.subscribeAsync('scenecast/+/status', { qos: 1 });
  for (const board of ['garage', 'workshop']) {
    const will = {
      topic: `scenecast/${board}/status`,
      payload: Buffer.from('"gone"'),
      qos: 1,
      retain: false,
    } as const;
    // mosquitto refuses the whole connection if it denies the last will.
    const client = await broker.connect('workshop', { will, clientId: `dying-${board}` }).catch(() => null);
    client?.stream.destroy();
  }
  await until(() => seen.length > 0);
  expect(seen).toEqual(['scenecast/workshop/status']);
});

test('a worker takes its share of the pool’s images', async () => {
  const worker = await broker.connect('workshop');
  const seen: string[] = [];
  worker.on('message', (topic) => void seen.push(topic));
  await worker.subscribeAsync('$share/boards/scenecast/work/#', { qos: 1 });
  const sender = await broker.connect('garage');
  await sender.publishAsync('scenecast/work/garage/porch', 'jpeg', { qos: 1 });
  await until(() => seen.length > 0);
  expect(seen).toEqual(['scenecast/work/garage/porch']);
});

test('a client without a password, with a wrong one, or without TLS is refused', async () => {
  const badLogin = expect.objectContaining({ code: 0x87 });
  await expect(broker.connect('workshop', { password: 'wrong' })).rejects.toEqual(badLogin);
  await expect(broker.connect('workshop', { password: broker.password('garage') })).rejects.toEqual(badLogin);
  await expect(
    broker.connect('workshop', { username: undefined as never, password: undefined as never }),
  ).rejects.toEqual(badLogin);
  await expect(broker.connect('workshop', { protocol: 'mqtt', connectTimeout: 2000 })).rejects.toThrow();
});
