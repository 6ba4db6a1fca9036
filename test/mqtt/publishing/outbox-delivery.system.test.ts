import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { type ObservationPayload, observationSchema } from '../../../src/contract/payloads.ts';
import type { Mosquitto } from '../../../tools/test/mosquitto.ts';
import {
  type Publishing,
  scratchFolder,
  startBroker,
  startPublisher,
  subscribe,
} from '../../../tools/test/mqtt.ts';
import { observation } from '../../../tools/test/observation.ts';
import { ScriptedBroker, type Verdict } from '../../../tools/test/scripted-broker.ts';
import type { Subscriber } from '../../../tools/test/subscriber.ts';
import { until } from '../../../tools/test/until.ts';

const topic = 'scenecast/test/porch/observation';
const stateTopic = 'scenecast/test/porch/description';

function described(subscriber: Subscriber): ObservationPayload[] {
  return subscriber.json(topic).map((payload) => observationSchema.parse(payload));
}

const ids = (subscriber: Subscriber): string[] => described(subscriber).map(({ id }) => id);

const persistent = (folder: string): string =>
  `allow_anonymous true\nuser root\npersistence true\npersistence_location ${folder}/`;

/** A broker that is down, and keeps for the subscriber what is published before that is back. */
async function startAwayBroker(): Promise<{ broker: Mosquitto; subscriber: Subscriber }> {
  const broker = await startBroker(persistent);
  const subscriber = await subscribe(broker.url, '#', {
    clientId: 'subscriber',
    clean: false,
    resubscribe: false,
    properties: { sessionExpiryInterval: 3600 },
  });
  // It saves on SIGTERM, and not on SIGKILL.
  await broker.down('SIGTERM');
  return { broker, subscriber };
}

/** Publishes an observation. @returns its id */
function describeOne({ publisher }: Publishing, extra: Parameters<typeof observation>[0] = {}): string {
  const id = extra.id ?? ulid();
  publisher.observation(observation({ ...extra, id }));
  return id;
}

const emptied = ({ outbox }: Publishing): Promise<void> => until(() => outbox.health.depth === 0);

test('observations made without a broker are delivered in order later, with their times and answers, and marked late', async () => {
  const { broker, subscriber } = await startAwayBroker();
  const publishing = await startPublisher(broker.url);
  // Ids in reverse order, as after the clock was set back.
  const made = ['C', 'B', 'A'].map((letter, index) => {
    const capturedAt = new Date(Date.UTC(2026, 0, 1, 0, 0, index));
    return describeOne(publishing, {
      id: ulid().slice(0, 25) + letter,
      capturedAt,
      answers: { people: index },
    });
  });
  await until(() => publishing.outbox.health.depth === 3);
  const before = Date.now();
  await broker.up();
  await until(() => ids(subscriber).includes(made[2]!));
  await emptied(publishing);
  expect(ids(subscriber)).toEqual(made);
  const last = described(subscriber).at(-1)!;
  expect(last).toMatchObject({ captured_at: '2026-01-01T00:00:02.000Z', late: true, answers: { people: 2 } });
  expect(Date.parse(last.published_at)).toBeGreaterThanOrEqual(before);
  // Of state it gets the newest only.
  const answers = subscriber.json('scenecast/test/porch/answer/people');
  expect(answers).toEqual([
    {
      ...{ schema: 1, value: 2, confidence: null, calibrated: false, reason: null },
      ...{ id: made[2], captured_at: '2026-01-01T00:00:02.000Z' },
    },
  ]);
  expect(subscriber.json(stateTopic).map(({ id }) => id)).toEqual([made[2]]);
});

test('waiting observations of a removed camera are sent, but not retained, and the log says so', async () => {
  const broker = await startBroker();
  const subscriber = await subscribe(broker.url);
  const path = join(scratchFolder(), 'outbox.db');
  const before = await startPublisher('mqtt://127.0.0.1:1', { path });
  describeOne(before, { answers: { people: 1 } });
  describeOne(before, { answers: { people: 2 } });
  describeOne(before, { camera: 'yard' });
  await until(() => before.outbox.health.depth === 3);
  await before.close();
  const publishing = await startPublisher(broker.url, {
    path,
    restored: { isRetained: (name) => name.includes('/yard/'), isAnswer: () => true },
  });
  await emptied(publishing);
  await until(() => described(subscriber).length === 2);
  expect(publishing.log.of('sending descriptions of a camera that is no longer configured')).toMatchObject([
    { level: 'warn', fields: { camera: 'porch', remedy: expect.stringMatching(/stop Scenecast/) } },
  ]);
  const later = await subscribe(broker.url, 'scenecast/test/+/description');
  await until(() => later.received.length > 0);
  expect(later.received.map(({ topic: name }) => name)).toEqual(['scenecast/test/yard/description']);
});

test('after a restart the state is the newest observation, even if the broker was away until then', async () => {
  const broker = await startBroker(persistent);
  const path = join(scratchFolder(), 'outbox.db');
  const first = await startPublisher(broker.url, { path });
  const early = await subscribe(broker.url);
  describeOne(first, { answers: { people: 1 } });
  await emptied(first);
  await until(() => early.json(stateTopic).length === 1);
  await broker.down('SIGTERM');
  describeOne(first, { answers: { people: 2 } });
  const newest = describeOne(first, { answers: { people: 3, yard: 'empty' } });
  describeOne(first, { text: null, answers: { people: 4 } });
  await until(() => first.outbox.health.depth === 3);
  await first.close();
  await broker.up();
  const second = await startPublisher(broker.url, { path });
  await emptied(second);
  const answer = 'scenecast/test/porch/answer/people';
  await until(() => early.json(answer).at(-1)?.value === 4);
  const values = early.json(answer).map(({ value }) => value);
  expect(values.filter((value) => value !== 1)).toEqual([4]);
  await until(() => early.json('scenecast/test/porch/answer/yard').length === 1);
  // What only answers has no description.
  expect(early.json(stateTopic).at(-1)).toMatchObject({ id: newest });
});

test('what was observed before a restart does not replace what the broker shows that is newer', async () => {
  const broker = await startBroker();
  const path = join(scratchFolder(), 'outbox.db');
  const first = await startPublisher(broker.url, { path });
  const early = await subscribe(broker.url);
  const old = describeOne(first);
  await until(() => early.json(stateTopic).length === 1);
  await emptied(first);
  await first.close();
  // As if the disk could not be written for the newest two.
  const { outbox } = first;
  const meddler = await connectAsync(broker.url, { protocolVersion: 5 });
  const say = (name: string, payload: object) =>
    meddler.publishAsync(name, JSON.stringify(payload), { qos: 1, retain: true });
  await say('scenecast/test/outbox', { outbox: outbox.id, seq: 3 });
  await say(stateTopic, { id: 'newer' });
  const second = await startPublisher(broker.url, { path });
  await until(() => second.log.of('connected to the broker').length > 0);
  await emptied(second);
  const late = await subscribe(broker.url);
  await until(() => late.json(stateTopic).length > 0);
  expect(late.json(stateTopic)).toEqual([{ id: 'newer' }]);
  const next = describeOne(second);
  await until(() => late.json(stateTopic).at(-1)?.id === next);
  expect(late.json(stateTopic).map(({ id }) => id)).not.toContain(old);
  await meddler.endAsync(true);
});

test('after a broker is killed without saving, all is sent again: same ids, same payloads, in order', async () => {
  const broker = await startBroker();
  const publishing = await startPublisher(broker.url);
  const early = await subscribe(broker.url);
  const made: string[] = [];
  for (let index = 0; index < 5; index++) {
    made.push(describeOne(publishing));
    await until(() => ids(early).length === made.length);
  }
  await emptied(publishing);
  await broker.down();
  await broker.up();
  const late = await subscribe(broker.url);
  await until(() => ids(late).length >= 5);
  expect(ids(late)).toEqual(made);
  const bare = ({ published_at, late: _, ...rest }: ObservationPayload): object => rest;
  expect(described(late).map(bare)).toEqual(described(early).slice(0, 5).map(bare));
  expect(described(late)[0]?.published_at).not.toBe(described(early)[0]?.published_at);
  await emptied(publishing);
  expect(publishing.log.of('resending entries that the broker may have lost')[0]?.fields).toEqual({
    count: 5,
    brokerKnows: null,
  });
  // Only the newest is state, and no older one was.
  expect(new Set(late.json(stateTopic).map(({ id }) => id))).toEqual(new Set([made[4]]));
  const latest = await subscribe(broker.url);
  await until(() => latest.json(stateTopic).length > 0);
  expect(latest.json(stateTopic).map(({ id }) => id)).toEqual([made[4]]);
  expect(ids(latest)).toEqual([]);
});

test('a broker that kept some entries is sent only the others', async () => {
  const broker = await startBroker(persistent);
  const publishing = await startPublisher(broker.url);
  const early = await subscribe(broker.url);
  const mark = (): number => early.json('scenecast/test/outbox').at(-1)?.seq ?? 0;
  const known = [1, 2, 3].map(() => describeOne(publishing));
  await until(() => mark() === 3);
  // It saves on SIGTERM, and not on SIGKILL.
  await broker.down('SIGTERM');
  await broker.up();
  await until(() => publishing.log.of('connected to the broker').length === 2);
  const unknown = [4, 5].map(() => describeOne(publishing));
  await until(() => mark() === 5);
  await emptied(publishing);
  await broker.down('SIGKILL');
  await broker.up();
  await until(() => publishing.log.of('connected to the broker').length === 3);
  await until(() => publishing.log.of('resending entries that the broker may have lost').length > 0);
  await emptied(publishing);
  expect(
    publishing.log.of('resending entries that the broker may have lost').map(({ fields }) => fields),
  ).toEqual([{ count: 2, brokerKnows: 3 }]);
  const sent = ids(early);
  expect(sent.filter((id) => known.includes(id))).toEqual(known);
  expect(sent.slice(-2)).toEqual(unknown);
});

test('a restarted daemon delivers only what was not delivered', async () => {
  const broker = await startBroker();
  const path = join(scratchFolder(), 'outbox.db');
  const first = await startPublisher(broker.url, { path });
  const subscriber = await subscribe(broker.url);
  const delivered = describeOne(first);
  await until(() => ids(subscriber).length === 1);
  await emptied(first);
  await broker.down();
  const kept = describeOne(first);
  await until(() => first.outbox.health.depth === 1);
  await first.close();
  await broker.up();
  const late = await subscribe(broker.url);
  const second = await startPublisher(broker.url, { path, settleMs: 300 });
  await until(() => ids(late).includes(kept));
  await emptied(second);
  expect(ids(late)).toEqual([delivered, kept]);
  await second.close();
  const third = await startPublisher(broker.url, { path });
  const next = describeOne(third);
  await until(() => ids(late).includes(next));
  expect(ids(late)).toEqual([delivered, kept, next]);
});

test('a mark of another outbox, or an invalid one, is ignored', async () => {
  const broker = await startBroker();
  const path = join(scratchFolder(), 'outbox.db');
  const first = await startPublisher(broker.url, { path });
  const made = [1, 2, 3].map(() => describeOne(first));
  await until(() => first.outbox.replayable === 3);
  await first.close();
  const meddler = await connectAsync(broker.url, { protocolVersion: 5 });
  for (const [payload, count] of [
    ['{"outbox":"another","seq":3}', 3],
    ['{"outbox":', 3],
  ] as const) {
    await meddler.publishAsync('scenecast/test/outbox', payload, { qos: 1, retain: true });
    const next = await startPublisher(broker.url, { path });
    await until(() => next.log.of('resending entries that the broker may have lost').length === 1);
    expect(next.log.of('resending entries that the broker may have lost')[0]?.fields).toMatchObject({
      count,
    });
    await until(() => next.outbox.replayable === 3);
    await next.close();
  }
  await meddler.endAsync(true);
  expect(made).toHaveLength(3);
});

test('observations made before the first connection need not wait for a mark', async () => {
  const broker = await startBroker();
  const subscriber = await subscribe(broker.url);
  const path = join(scratchFolder(), 'outbox.db');
  const before = await startPublisher('mqtt://127.0.0.1:1', { path });
  const made = describeOne(before);
  await until(() => before.outbox.health.depth === 1);
  await before.close();
  await startPublisher(broker.url, { path, settleMs: 60_000 });
  await until(() => ids(subscriber).includes(made));
  expect(subscriber.json(stateTopic).map(({ id }) => id)).toEqual([made]);
});

test('the event “described” comes once the outbox has the description', async () => {
  const broker = await startBroker();
  const { publisher, outbox, log } = await startPublisher(broker.url);
  const subscriber = await subscribe(broker.url);
  await until(() => log.of('connected to the broker').length === 1);
  const { promise: written, resolve: write } = Promise.withResolvers<void>();
  const add = outbox.add.bind(outbox);
  outbox.add = async (entry) => {
    await written;
    await add(entry);
  };
  const types = (): string[] => subscriber.json('scenecast/test/porch/event').map(({ type }) => type);
  const id = ulid();
  publisher.observation(observation({ id }));
  publisher.event({ type: 'described', id, camera: 'porch' });
  publisher.event({ type: 'captured', id: ulid(), camera: 'porch' });
  await until(() => types().length > 0);
  write();
  await until(() => types().length === 2);
  expect(types()).toEqual(['captured', 'described']);
});

/** Denies writing one topic; everything else is allowed. */
const denying = (denied: string) => (folder: string) => {
  const path = join(folder, 'acl');
  writeFileSync(path, `topic readwrite #\ntopic deny ${denied}\n`);
  return `allow_anonymous true\nuser root\nacl_file ${path}`;
};

test('a denied topic is logged once, affects no other, and is tried again over the next connection', async () => {
  const settings = denying('scenecast/test/yard/observation');
  const broker = await startBroker(settings);
  const publishing = await startPublisher(broker.url);
  const subscriber = await subscribe(broker.url);
  describeOne(publishing, { camera: 'yard' });
  describeOne(publishing, { camera: 'yard' });
  const porch = describeOne(publishing);
  await until(() => ids(subscriber).includes(porch));
  await until(() => publishing.outbox.health.depth === 2);
  expect(publishing.log.of('not published').map(({ level, fields }) => ({ level, ...fields }))).toEqual([
    {
      level: 'error',
      topic: 'scenecast/test/yard/observation',
      reason:
        "the broker refuses it: not authorized (0x87); allow this client to write the topic in the broker's access list",
    },
  ]);
  await broker.down();
  writeFileSync(join(broker.folder, 'acl'), 'topic readwrite #\n');
  await broker.up();
  const late = await subscribe(broker.url);
  await until(() => late.json('scenecast/test/yard/observation').length === 2);
  await emptied(publishing);
});

test('a message above the packet limit is logged and not sent, and others are', async () => {
  const broker = await startBroker('allow_anonymous true\nmax_packet_size 2000');
  const publishing = await startPublisher(broker.url);
  const subscriber = await subscribe(broker.url);
  describeOne(publishing, { text: 'x'.repeat(2000) });
  const small = describeOne(publishing);
  await until(() => ids(subscriber).includes(small));
  await until(() => publishing.log.of('not published').some(({ fields }) => fields.topic === topic));
  expect(
    publishing.log.of('not published').find(({ fields }) => fields.topic === topic)?.fields.reason,
  ).toMatch(
    /a packet of 2\d\d\d bytes; the broker accepts at most 2000 bytes \(mosquitto: max_packet_size\)/,
  );
  expect(publishing.log.of('connected to the broker')).toHaveLength(1);
  await until(() => publishing.outbox.health.depth === 1);
});

/** The ids of the observations that a scripted broker received. */
const sentTo = (broker: ScriptedBroker): string[] =>
  broker.published.filter((message) => message.topic === topic).map(({ payload }) => JSON.parse(payload).id);

test('a message that the broker never acknowledges is logged after a while, and the connection stays', async () => {
  const broker = await ScriptedBroker.start((message) =>
    message.topic === topic && message.payload.includes('ignore me') ? 'ignore' : 0,
  );
  const publishing = await startPublisher(broker.url, { publishTimeoutMs: 300 });
  describeOne(publishing, { text: 'ignore me' });
  const next = describeOne(publishing);
  await until(() => publishing.log.of('not published').length === 1);
  expect(publishing.log.of('not published')[0]?.fields).toEqual({
    topic,
    reason: expect.stringMatching(/the broker answers pings, but did not acknowledge it.*message_size_limit/),
  });
  await until(() => publishing.outbox.health.depth === 1);
  expect(sentTo(broker)).toContain(next);
  expect(broker.connections).toBe(1);
});

test.each<[string, Verdict]>([
  ['hangs up', 'hang-up'],
  ['ends the connection with a reason', { disconnect: 0x99 }],
])(
  'a message over which the broker %s is skipped after three times, and others are sent',
  async (_how, verdict) => {
    const broker = await ScriptedBroker.start((message) =>
      message.topic === topic && message.payload.includes('hang up') ? verdict : 0,
    );
    const publishing = await startPublisher(broker.url);
    const before = describeOne(publishing);
    describeOne(publishing, { text: 'hang up' });
    const after = [1, 2, 3].map(() => describeOne(publishing));
    const message = 'connections keep ending while this message is sent; skipping it for now';
    await until(() => publishing.log.of(message).length > 0 && publishing.outbox.health.depth === 1);
    // Two for the entry before it, which was sent along with it, three for it, and the last.
    expect(broker.connections).toBeLessThanOrEqual(6);
    expect(sentTo(broker).slice(-3)).toEqual(after);
    expect(sentTo(broker)[0]).toBe(before);
    expect(publishing.log.of(message).map(({ level }) => level)).toEqual(['error']);
  },
);

test('after the quota is used up, entries are sent again later, in order, and it is logged once', async () => {
  let isFull = true;
  const quotaExceeded = 0x97;
  const broker = await ScriptedBroker.start((message) =>
    isFull && message.topic === topic ? quotaExceeded : 0,
  );
  const publishing = await startPublisher(broker.url, { busyRetryMs: 300 });
  const made = [1, 2, 3].map(() => describeOne(publishing));
  await until(() => sentTo(broker).length >= 6);
  isFull = false;
  await emptied(publishing);
  const sent = sentTo(broker);
  expect(sent.slice(-3)).toEqual(made);
  expect(publishing.log.of('not published').map(({ fields }) => fields.reason)).toEqual([
    "the broker refuses it: quota exceeded (0x97); the broker's quota for this client is used up; retrying later",
  ]);
  expect(broker.connections).toBe(1);
});

test('unacknowledged messages do not exceed the receive maximum', async () => {
  const broker = await ScriptedBroker.start(() => 0, {
    connackProperties: [0x21, 0, 3], // Receive Maximum
    ackAfterMs: 50,
  });
  const publishing = await startPublisher(broker.url);
  const made = Array.from({ length: 20 }, () => describeOne(publishing, { answers: { people: 1 } }));
  await until(() => sentTo(broker).length === 20);
  await emptied(publishing);
  expect(sentTo(broker)).toEqual(made);
  expect(broker.maxUnacknowledged).toBe(3);
});

test('a frozen broker is disconnected, and nothing is lost when it is back', async () => {
  const broker = await startBroker();
  const publishing = await startPublisher(broker.url, { publishTimeoutMs: 300 });
  const subscriber = await subscribe(broker.url);
  await until(() => publishing.log.of('connected to the broker').length === 1);
  broker.signal('SIGSTOP');
  const id = describeOne(publishing);
  await until(() => publishing.log.of('connection to the broker lost').length === 1);
  // The state is sent just before the stream.
  expect(publishing.log.of('connection to the broker lost')[0]?.fields.reason).toBe(
    `the broker did not acknowledge ${stateTopic} within 300 ms`,
  );
  broker.signal('SIGCONT');
  await until(() => ids(subscriber).includes(id));
  await emptied(publishing);
});

test('limits hold without a broker: the oldest are dropped, and counted in health', async () => {
  const { broker, subscriber } = await startAwayBroker();
  const publishing = await startPublisher(broker.url, { bounds: { maxEntries: 3 } });
  const made = [1, 2, 3, 4, 5].map(() => describeOne(publishing));
  await until(() => publishing.outbox.health.dropped === 2);
  expect(publishing.outbox.health).toEqual({ depth: 3, dropped: 2, damaged: 0, fault: null });
  await broker.up();
  await until(() => ids(subscriber).includes(made[4]!));
  expect(ids(subscriber)).toEqual(made.slice(2));
});

test('with more topics than the broker has aliases, every message arrives on its own topic', async () => {
  const broker = await startBroker(); // mosquitto offers ten aliases
  const publishing = await startPublisher(broker.url);
  const subscriber = await subscribe(broker.url);
  const cameras = Array.from({ length: 15 }, (_, index) => `camera-${index}`);
  await until(() => publishing.log.of('connected to the broker').length === 1);
  const made = new Map(
    [...cameras, ...cameras].map((camera) => [describeOne(publishing, { camera }), camera]),
  );
  await emptied(publishing);
  const seen = (): [string, string][] =>
    subscriber.received
      .filter((message) => message.topic.endsWith('/observation'))
      .map((message) => [JSON.parse(message.payload).id, message.topic.split('/')[2]!]);
  await until(() => seen().length >= 30);
  expect(new Map(seen())).toEqual(made);
});
