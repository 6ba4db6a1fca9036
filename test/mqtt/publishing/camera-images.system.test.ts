import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { jpegWithin } from '../../../src/camera/jpeg-within.ts';
import { imageInfoSchema } from '../../../src/contract/image.ts';
import type { Picture } from '../../../src/domain/frame.ts';
import { MaskedCamera } from '../../../src/gate/masked-camera.ts';
import type { EncodeImage } from '../../../src/mqtt/publishing/camera-images.ts';
import { startBroker, startPublisher, subscribe } from '../../../tools/test/mqtt.ts';
import { observation } from '../../../tools/test/observation.ts';
import { ScriptedBroker } from '../../../tools/test/scripted-broker.ts';
import type { Subscriber } from '../../../tools/test/subscriber.ts';
import { until } from '../../../tools/test/until.ts';

const topic = 'scenecast/test/porch/image';
const encode: EncodeImage = (picture, maxBytes) =>
  jpegWithin(picture, { maxWidth: null, quality: 80, maxBytes });
const images = new Map([['porch', encode]]);

/** Raw pixels of noise, whose JPEG is large. */
async function noise(width: number, height: number): Promise<Picture> {
  const create = {
    width,
    height,
    channels: 3,
    background: 'black',
    noise: { type: 'gaussian', mean: 128, sigma: 60 },
  } as const;
  return { bytes: await sharp({ create }).raw().toBuffer(), size: { width, height }, pixels: 'rgb24' };
}

function described(picture: Picture, camera = 'porch'): ReturnType<typeof observation> {
  const plain = observation({ camera });
  return { ...plain, frame: { ...plain.frame, picture } };
}

/** The pictures that arrive, as files. */
function files(subscriber: Subscriber): { bytes: Buffer; retain: boolean; qos: number }[] {
  const found: { bytes: Buffer; retain: boolean; qos: number }[] = [];
  subscriber.client.on('message', (name, bytes, { retain, qos }) => {
    if (name === topic) found.push({ bytes, retain, qos });
  });
  return found;
}

test('the described picture is retained as a JPEG, at most once; that of another camera is not', async () => {
  const { url } = await startBroker();
  const { publisher } = await startPublisher(url, { images });
  const subscriber = await subscribe(url);
  const early = files(subscriber);
  const picture = await noise(64, 48);
  publisher.observation(described(picture, 'yard'));
  publisher.observation(described(picture));
  await until(() => early.length === 1);
  expect(await sharp(early[0]!.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 64, height: 48 });
  expect(early[0]!.qos).toBe(0);
  const late = await subscribe(url, topic);
  await until(() => late.received.length === 1);
  expect(late.received[0]).toMatchObject({ topic, retain: true });
  await until(() => subscriber.json('scenecast/test/yard/description').length === 1);
  expect(subscriber.received.filter((message) => message.topic.endsWith('/image'))).toHaveLength(1);
});

test('a picture has the id of its frame, and comes before what says what it shows, over every connection', async () => {
  const mosquitto = await startBroker();
  // Encoding takes longer than storing.
  const slow: EncodeImage = async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return encode(...args);
  };
  const { publisher, log } = await startPublisher(mosquitto.url, {
    images: new Map([['porch', slow]]),
    // The subscriber is back before it.
    reconnect: { firstMs: 3000, maxMs: 3000, stableMs: 1000 },
  });
  await until(() => log.of('connected to the broker').length === 1);
  const heard = async (): Promise<{ name: string; bytes: Buffer; id: unknown }[]> => {
    const found: { name: string; bytes: Buffer; id: unknown }[] = [];
    const subscriber = await subscribe(mosquitto.url, 'scenecast/test/porch/#');
    subscriber.client.on('message', (name, bytes, { properties, retain }) => {
      const id = properties?.userProperties?.['id'];
      if (!retain) found.push({ name: name.replace('scenecast/test/porch/', ''), bytes, id });
    });
    return found;
  };
  const before = await heard();
  const plain = described(await noise(64, 48));
  const made = {
    ...plain,
    description: { ...plain.description, answers: { open: true } },
    judged: { open: { value: true, confidence: null, isCalibrated: false } },
  };
  const { id } = made.frame;
  const expectPair = async (messages: typeof before): Promise<void> => {
    await until(() => messages.some(({ name }) => name === 'answer/open'));
    const state = messages.filter(({ name }) => name !== 'observation');
    expect(state.map(({ name }) => name)).toEqual(['image', 'image_info', 'description', 'answer/open']);
    const [image, info] = state;
    expect(image!.id).toBe(id);
    expect(imageInfoSchema.parse(JSON.parse(info!.bytes.toString()))).toEqual({
      id,
      captured_at: made.frame.capturedAt.toISOString(),
      width: 64,
      height: 48,
      sha256: createHash('sha256').update(image!.bytes).digest('hex'),
    });
  };
  publisher.observation(made);
  await expectPair(before);
  await mosquitto.down();
  await until(() => log.of('broker connection closed').length > 0);
  await mosquitto.up();
  await expectPair(await heard());
});

test('a picture that takes too long to encode does not hold back what was said', async () => {
  const { url } = await startBroker();
  const never: EncodeImage = () => new Promise(() => {});
  const { publisher } = await startPublisher(url, { images: new Map([['porch', never]]) });
  const subscriber = await subscribe(url);
  publisher.observation(described(await noise(16, 16)));
  await until(() => subscriber.json('scenecast/test/porch/description').length === 1);
});

test('privacy masks are painted in the published picture', async () => {
  const { url } = await startBroker();
  const { publisher } = await startPublisher(url, { images });
  const arrived = files(await subscribe(url));
  const size = { width: 64, height: 64 };
  const white = { bytes: Buffer.alloc(64 * 64 * 3, 255), size, pixels: 'rgb24' } as const;
  const camera = new MaskedCamera(
    { name: 'porch', start: async () => {}, capture: async () => white, close: async () => {} },
    () => [
      [
        [0, 0],
        [0.5, 0],
        [0.5, 1],
        [0, 1],
      ],
    ],
  );
  publisher.observation(described(await camera.capture(new AbortController().signal)));
  await until(() => arrived.length === 1);
  const grey = await sharp(arrived[0]!.bytes).greyscale().raw().toBuffer();
  expect(grey[32 * 64 + 8]).toBeLessThan(20);
  expect(grey[32 * 64 + 56]).toBeGreaterThan(235);
});

test('a picture above the packet limit is scaled down, and not split', async () => {
  const maxPacketSize = 20_000;
  const { url } = await startBroker(`allow_anonymous true\nmax_packet_size ${maxPacketSize}`);
  const { publisher, log } = await startPublisher(url, { images });
  const arrived = files(await subscribe(url));
  publisher.observation(described(await noise(640, 480)));
  await until(() => arrived.length === 1);
  const { bytes } = arrived[0]!;
  expect(bytes.length).toBeLessThan(maxPacketSize);
  expect(bytes.length).toBeGreaterThan(maxPacketSize / 5);
  const { width, height } = await sharp(bytes).metadata();
  expect(width / height).toBeCloseTo(4 / 3, 1);
  expect(log.of('connected to the broker')).toHaveLength(1);
  expect(log.of('picture not published')).toEqual([]);
});

test('if no picture can be so small, that is logged once, and descriptions go on', async () => {
  const { url } = await startBroker('allow_anonymous true\nmax_packet_size 2000');
  const { publisher, log } = await startPublisher(url, { images: new Map([['porch', async () => null]]) });
  const subscriber = await subscribe(url);
  await until(() => log.of('connected to the broker').length === 1);
  for (let round = 1; round <= 2; round++) {
    publisher.observation(described(await noise(64, 48)));
    await until(() => subscriber.json('scenecast/test/porch/description').length === round);
    await until(() => log.of('picture not published').length > 0);
  }
  expect(log.of('picture not published')).toMatchObject([
    { level: 'warn', fields: { camera: 'porch', reason: expect.stringMatching(/at most 2000 bytes/) } },
  ]);
});

test('the newest picture is published again after the broker lost its state', async () => {
  const mosquitto = await startBroker();
  const { publisher, log } = await startPublisher(mosquitto.url, { images });
  const arrived = files(await subscribe(mosquitto.url));
  publisher.observation(described(await noise(64, 48)));
  await until(() => arrived.length === 1);
  await mosquitto.down();
  await until(() => log.of('broker connection closed').length > 0);
  publisher.observation(described(await noise(32, 32)));
  await mosquitto.up();
  await until(() => arrived.length > 1);
  expect(await sharp(arrived[1]!.bytes).metadata()).toMatchObject({ width: 32, height: 32 });
});

test('a picture that cannot be encoded is logged, and the next is published', async () => {
  const { url } = await startBroker();
  const { publisher, log } = await startPublisher(url, { images });
  const arrived = files(await subscribe(url));
  await until(() => log.of('connected to the broker').length === 1);
  publisher.observation(described({ bytes: Buffer.from('no picture'), size: { width: 1, height: 1 } }));
  await until(() => log.of('picture not published').length === 1);
  publisher.observation(described(await noise(32, 32)));
  await until(() => arrived.length === 1);
});

test('a broker that announces no limit and disconnects over pictures gets smaller ones', async () => {
  const tolerated = 60_000;
  const broker = await ScriptedBroker.start(() => 0, {
    onQos0: ({ payload }) => (payload.length > tolerated ? 'hang-up' : 'ignore'),
  });
  const { publisher, log } = await startPublisher(broker.url, {
    images,
    reconnect: { firstMs: 5, maxMs: 5, stableMs: 60_000 },
  });
  await until(() => log.of('connected to the broker').length === 1);
  publisher.observation(described(await noise(640, 480)));
  const isTaken = ({ topic: name, payload }: { topic: string; payload: string }): boolean =>
    name === topic && payload.length <= tolerated;
  await until(() => broker.published.some(isTaken), 20_000);
  const connections = broker.connections;
  publisher.observation(described(await noise(640, 480)));
  await until(() => broker.published.filter(isTaken).length === 2);
  expect(broker.connections).toBe(connections);
  expect(log.lines.some(({ message }) => /sending smaller ones/.test(message))).toBe(true);
});

test('a picture that is taken back is cleared at the broker, and the next one is published', async () => {
  const { url } = await startBroker();
  const { publisher } = await startPublisher(url, { images });
  const arrived = files(await subscribe(url));
  const picture = await noise(64, 48);
  publisher.observation(described(picture));
  await until(() => arrived.length === 1);
  await publisher.forgetImage('porch');
  await until(() => arrived.length === 2);
  expect(arrived[1]!.bytes).toHaveLength(0);
  const late = files(await subscribe(url, topic));
  publisher.observation(described(picture));
  await until(() => late.length > 0);
  expect(late.map(({ bytes }) => bytes.length > 0)).toEqual([true]);
});
