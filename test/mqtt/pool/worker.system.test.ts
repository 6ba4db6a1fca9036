import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { startBroker } from '../../../tools/test/mqtt.ts';
import { tapPackets } from '../../../tools/test/packet-tap.ts';
import { Customer, jpegOf, RecordedEngine, startWorker } from '../../../tools/test/pool.ts';
import { until } from '../../../tools/test/until.ts';

const id = '01M80ETZR3K0WZ785KG7EKMKX8';
const questions = { full: { ask: 'Is the shelf full?', type: 'boolean' } };

test('a JPEG with user properties is described, and answered with its id, digest and correlation data', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url);
  const customer = await Customer.start(broker.url);
  const image = await jpegOf(64, 48);
  const { payload, packet } = await customer.send(image, {
    id,
    prompt: 'What is on the shelf?',
    questions: JSON.stringify(questions),
    detail: 'overview',
    transaction: 'shelf 7',
  });
  expect(payload).toMatchObject({
    status: 'ok',
    data: {
      id,
      worker: 'orion',
      description: 'seen: What is on the shelf?',
      answers: { full: true },
      image: { width: 64, height: 48, sha256: createHash('sha256').update(image).digest('hex') },
    },
    transaction: 'shelf 7',
  });
  expect(packet).toMatchObject({ topic: 'shop/answers', qos: 1, retain: false });
  expect(engine.asked[0]).toMatchObject({
    detail: 'overview',
    questions: [{ name: 'full', ask: 'Is the shelf full?', type: { kind: 'boolean' } }],
    picture: { size: { width: 64, height: 48 } },
  });
});

test('a PNG in JSON is answered on its response topic; without a prompt the board uses its own', async () => {
  const broker = await startBroker();
  await startWorker(broker.url);
  const customer = await Customer.start(broker.url);
  const png = await sharp(await jpegOf())
    .png()
    .toBuffer();
  const item = {
    schema: 1,
    image: png.toString('base64'),
    response_topic: 'shop/answers',
    transaction: 'shelf 8',
  };
  await customer.client.publishAsync('scenecast/work', JSON.stringify(item), { qos: 1 });
  await until(() => customer.answers.length === 1);
  expect(customer.answers[0]?.payload).toMatchObject({
    status: 'ok',
    data: { description: 'seen: Describe the scene.', image: { width: 32, height: 24 } },
    transaction: 'shelf 8',
  });
});

test('the size in the answer is that of the upright image', async () => {
  const broker = await startBroker();
  await startWorker(broker.url);
  const customer = await Customer.start(broker.url);
  const turned = await sharp(await jpegOf(60, 40))
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const { payload } = await customer.send(turned);
  expect(payload).toMatchObject({ data: { image: { width: 40, height: 60 } } });
});

test('an image is acknowledged only once the broker has acknowledged its answer', async () => {
  const broker = await startBroker();
  const { url, packets } = await tapPackets(broker.port);
  const { engine } = await startWorker(url, { engine: new RecordedEngine(300) });
  const customer = await Customer.start(broker.url);
  const sent = customer.send(await jpegOf());
  await until(() => engine.asked.length === 1);
  const exchange = (): string[] => packets.filter((packet) => /PUBLISH|PUBACK/.test(packet));
  expect(exchange()).toEqual(['broker PUBLISH']);
  await sent;
  await until(() => exchange().length === 4);
  expect(exchange()).toEqual(['broker PUBLISH', 'client PUBLISH', 'broker PUBACK', 'client PUBACK']);
});

test('the broker sends no more than the images in flight, and one more to be refused', async () => {
  const broker = await startBroker();
  const { url, packets } = await tapPackets(broker.port);
  const engine = new RecordedEngine(60_000);
  await startWorker(url, { engine, maxInFlight: 2 });
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  for (let sent = 0; sent < 6; sent++)
    await customer.client.publishAsync('scenecast/work/a/b', image, {
      qos: 1,
      properties: { responseTopic: 'shop/answers' },
    });
  const taken = (): number => packets.filter((packet) => packet === 'broker PUBLISH').length;
  await until(() => taken() === 3 && engine.asked.length === 1);
  // The broker would have sent more by now: since then it has handled a whole exchange.
  await customer.client.subscribeAsync('shop/other', { qos: 1 });
  expect([taken(), engine.asked.length]).toEqual([3, 1]);
});

test('an image that cannot be described is answered with the reason, and the next one is described', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url, { maxImageBytes: 100_000 });
  const customer = await Customer.start(broker.url);
  const good = await jpegOf();
  const gif = await sharp(good).gif().toBuffer();
  // The header of a PNG of 60,000 x 60,000 pixels: it must be refused without decoding.
  const bomb = await sharp(good).png().toBuffer();
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  const faults: [Buffer | string, Record<string, string>, string, RegExp][] = [
    [gif, {}, 'invalid', /not a JPEG or PNG file/],
    [Buffer.from('hello'), {}, 'invalid', /not a JPEG or PNG file/],
    [good.subarray(0, 20), {}, 'invalid', /cannot be read/],
    [bomb, {}, 'invalid', /cannot be read/],
    [Buffer.concat([good, Buffer.alloc(100_000)]), {}, 'invalid', /accepts at most 100000/],
    [good, { colour: 'red' }, 'invalid', /colour/],
    ['{"schema":1}', {}, 'invalid', /^image: /],
  ];
  for (const [payload, properties, code, message] of faults) {
    const answer = await customer.send(payload, properties);
    expect(answer.payload).toMatchObject({
      status: 'error',
      error: { code, message: expect.stringMatching(message) },
    });
  }
  expect(engine.asked).toEqual([]);
  engine.fault = new Error('the engine died');
  expect((await customer.send(good)).payload).toMatchObject({
    error: { code: 'failed', message: 'the engine died' },
  });
  engine.fault = null;
  expect((await customer.send(good)).payload).toMatchObject({ status: 'ok' });
});

test('the broker drops messages above the packet limit, and the next image is described', async () => {
  const broker = await startBroker();
  await startWorker(broker.url, { maxImageBytes: 65_536 });
  const customer = await Customer.start(broker.url);
  await customer.client.publishAsync('scenecast/work/a', Buffer.alloc(1 << 20), {
    qos: 1,
    properties: { responseTopic: 'shop/answers' },
  });
  expect((await customer.send(await jpegOf())).payload.status).toBe('ok');
  expect(customer.answers).toHaveLength(1);
});

test('an expired image is answered as expired, whether it waits or is being described', async () => {
  const broker = await startBroker();
  const engine = new RecordedEngine(60_000);
  await startWorker(broker.url, { engine });
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  const atWork = customer.send(image, {}, { messageExpiryInterval: 4 });
  await until(() => engine.asked.length === 1);
  const waits = customer.send(image, {}, { messageExpiryInterval: 1 });
  for (const { payload } of await Promise.all([atWork, waits]))
    expect(payload).toMatchObject({ status: 'error', error: { code: 'expired' } });
  expect(engine.asked).toHaveLength(1);
  engine.ms = 0;
  expect((await customer.send(image, {}, { messageExpiryInterval: 60 })).payload.status).toBe('ok');
});

test('with if_busy: refuse, an image is refused during another one, and `working` is sent during its own', async () => {
  const broker = await startBroker();
  const engine = new RecordedEngine(400);
  await startWorker(broker.url, { engine, workingEveryMs: 100 });
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  const first = await customer.send(image, { if_busy: 'refuse', transaction: 'one' });
  expect(first.payload).toEqual({ status: 'working', data: null, error: null, transaction: 'one' });
  expect((await customer.send(image, { if_busy: 'refuse' })).payload).toMatchObject({
    status: 'error',
    error: { code: 'busy' },
  });
  const waited = await customer.send(image, { transaction: 'three' });
  expect(waited.payload.status).toBe('ok');
  const ofFirst = customer.answers.filter(({ payload }) => payload.transaction === 'one');
  expect(ofFirst.length).toBeGreaterThanOrEqual(3);
  expect(ofFirst.map(({ payload }) => payload.status).at(-1)).toBe('ok');
  expect(ofFirst.filter(({ payload }) => payload.status === 'ok')).toHaveLength(1);
});

test('while its engine restarts a worker board is busy, and does not send `working`', async () => {
  const broker = await startBroker();
  const { engine } = await startWorker(broker.url);
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  const back = Promise.withResolvers<void>();
  engine.restart = back.promise;
  const refused = await customer.send(image, { if_busy: 'refuse' });
  expect(refused.payload).toMatchObject({
    error: { code: 'busy', message: expect.stringMatching(/restarting/) },
  });
  back.resolve();
  expect((await customer.send(image, { if_busy: 'refuse' })).payload.status).toBe('working');
});

test('an image for another pool is ignored, and one without a valid response topic is not described', async () => {
  const broker = await startBroker();
  const { engine, log } = await startWorker(broker.url);
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  const publish = (properties: object): Promise<unknown> =>
    customer.client.publishAsync('scenecast/work/a', image, { qos: 1, properties });
  await publish({ responseTopic: 'shop/answers', userProperties: { pool: 'others' } });
  await publish({});
  // The same reason is not logged again.
  await publish({});
  await publish({ responseTopic: 'scenecast/porch/request/restart' });
  expect((await customer.send(image, { pool: 'boards' })).payload.status).toBe('ok');
  expect(engine.asked).toHaveLength(1);
  expect(customer.answers).toHaveLength(1);
  expect(log.of('image without a usable response topic ignored').map(({ fields }) => fields.reason)).toEqual([
    'it has no response topic',
    expect.stringContaining('must be scenecast/<device>/response/work'),
  ]);
});

test('a worker board that stops answers what it has', async () => {
  const broker = await startBroker();
  const { worker, engine } = await startWorker(broker.url, { engine: new RecordedEngine(60_000) });
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  const waiting = customer.send(image);
  await until(() => engine.asked.length === 1);
  await worker.close();
  expect((await waiting).payload).toMatchObject({
    error: { code: 'failed', message: expect.stringContaining('stopping') },
  });
});

test('if the connection ends before an answer is sent, it goes over the next one', async () => {
  const broker = await startBroker();
  const engine = new RecordedEngine();
  const answering = Promise.withResolvers<void>();
  engine.held = answering.promise;
  const { log } = await startWorker(broker.url, { engine });
  const first = await Customer.start(broker.url);
  const image = await jpegOf();
  first.client.publish('scenecast/work/a', image, { qos: 1, properties: { responseTopic: 'shop/answers' } });
  await until(() => engine.asked.length === 1);
  await broker.down('SIGKILL');
  await broker.up();
  const second = await Customer.start(broker.url);
  answering.resolve();
  await until(() => second.answers.length === 1);
  expect(second.answers[0]?.payload.status).toBe('ok');
  expect(log.of('answer not published')).toEqual([]);
});

test('an answer that was never acknowledged is sent again over the next connection', async () => {
  const broker = await startBroker();
  const { url, packets } = await tapPackets(broker.port);
  const engine = new RecordedEngine(700);
  const { log } = await startWorker(url, { engine });
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  customer.client.publish('scenecast/work/a', image, {
    qos: 1,
    properties: { responseTopic: 'shop/answers' },
  });
  await until(() => engine.asked.length === 1);
  broker.signal('SIGSTOP');
  const answered = (): number => packets.filter((packet) => packet === 'client PUBLISH').length;
  await until(() => answered() === 1);
  await broker.down('SIGKILL');
  await broker.up();
  await until(() => answered() === 2);
  expect(log.of('answer not published')).toEqual([]);
});

test('with if_busy: refuse, `working` is sent at once, and no timer is left behind', async () => {
  const broker = await startBroker();
  const engine = new RecordedEngine(300);
  await startWorker(broker.url, { engine, workingEveryMs: 600_000 });
  const customer = await Customer.start(broker.url);
  const image = await jpegOf();
  const { payload } = await customer.send(image, { if_busy: 'refuse' });
  expect(payload.status).toBe('working');
  await until(() => customer.answers.length === 2);
  engine.ms = 0;
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = timers();
  for (let sent = 0; sent < 20; sent++) await customer.send(image);
  expect(timers()).toBeLessThan(before + 10);
});
