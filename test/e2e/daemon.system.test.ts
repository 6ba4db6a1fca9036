import { existsSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { healthSchema } from '../../src/contract/health-payload.ts';
import { infoSchema } from '../../src/contract/info.ts';
import { cameraStatusSchema, eventSchema, observationSchema } from '../../src/contract/payloads.ts';
import { DrawnTruths } from '../../tools/demo/drawn-truths.ts';
import { Daemon } from '../../tools/test/daemon.ts';
import { Mosquitto } from '../../tools/test/mosquitto.ts';
import { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';

const base = 'scenecast/e2e';

async function startAll(
  camera: object,
): Promise<{ daemon: Daemon; subscriber: Subscriber; broker: Mosquitto }> {
  const broker = await Mosquitto.start();
  const subscriber = await Subscriber.start(broker.url);
  onTestFinished(async () => {
    await subscriber.close();
    await broker.close();
  });
  const daemon = new Daemon({ device: 'e2e', mqtt: { url: broker.url }, cameras: { drawn: camera } });
  return { daemon, subscriber, broker };
}

const drawn = (seed: number, size: string): object => ({ type: 'scene', seed, size, every: '500ms' });

test('frames of a drawn camera arrive correctly described, without a reload, and the daemon exits cleanly', async () => {
  const { daemon, subscriber, broker } = await startAll({
    source: drawn(900_000, '640x480'),
    interval: '500ms',
    questions: { count: { ask: 'How many shapes are there?' } },
  });
  const descriptions = (): unknown[] => subscriber.json(`${base}/drawn/observation`);
  await until(() => descriptions().length >= 8, 150_000);

  const truths = new DrawnTruths(900_000, '640x480');
  const payloads = descriptions().map((payload) => observationSchema.parse(payload));
  let right = 0;
  for (const { description, answers, image } of payloads) {
    const truth = await truths.find(image.sha256);
    expect(truth, 'the picture is one that was drawn').toBeDefined();
    if (truth?.caption === description && truth.questions[0]?.answer === answers['count']) right++;
  }
  expect(right / payloads.length).toBeGreaterThanOrEqual(0.75);
  expect(daemon.log.filter(({ msg }) => msg === 'model loaded')).toHaveLength(1);

  expect(subscriber.json(`${base}/status`)).toEqual([{ state: 'online' }]);
  expect(cameraStatusSchema.parse(subscriber.json(`${base}/drawn/status`)[0])).toEqual({
    state: 'online',
    problem: null,
    reason: null,
  });

  const discovery = 'homeassistant/device/scenecast_e2e/drawn/config';
  await until(() => subscriber.json(discovery).length > 0);
  expect(subscriber.json(discovery)[0]).toHaveProperty(['components', 'description', 'state_topic']);

  const { code } = await daemon.end('SIGTERM');
  expect(daemon.stderr).toBe('');
  expect(code).toBe(0);
  await until(() => subscriber.json(`${base}/status`).length === 2);
  expect(subscriber.json(`${base}/status`)[1]).toEqual({ state: 'offline' });

  // Logged before and after the model was loaded.
  const infos = subscriber.json(`${base}/info`).map((payload) => infoSchema.parse(payload));
  expect(infos[0]).toMatchObject({ device: 'e2e', cameras: { drawn: { source: 'scene' } } });
  expect(infos.at(-1)).toMatchObject({
    model: payloads[0]?.model,
    board: { memory_bytes: expect.any(Number) },
    plan: { threads: 1 },
  });

  const health = healthSchema.parse(subscriber.json(`${base}/health`).at(-1));
  expect(Object.keys(health.cameras)).toEqual(['drawn']);
  expect(health.board?.memory_available_bytes).toBeGreaterThan(0);
  expect(health.memory?.engine_bytes).toBeGreaterThan(0);

  // Each frame has one id, is captured and ends exactly once; each description has the id of a frame.
  const ends = new Map<string, string[]>();
  for (const payload of subscriber.json(`${base}/drawn/event`)) {
    const { id, type } = eventSchema.parse(payload);
    ends.set(id, [...(ends.get(id) ?? []), type]);
  }
  for (const { id } of payloads) expect(ends.get(id)).toEqual(['captured', 'described']);
  for (const [first, ...rest] of ends.values()) expect([first, rest.length]).toEqual(['captured', 1]);

  // A later subscriber receives the newest description and the state as retained messages.
  const late = await Subscriber.start(broker.url);
  await until(() => late.received.length === 12);
  await late.close();
  expect(late.received.map(({ topic, retain }) => [topic, retain]).sort()).toEqual([
    ['homeassistant/device/scenecast_e2e/config', true],
    [discovery, true],
    [`${base}/drawn/answer/count`, true],
    [`${base}/drawn/config`, true],
    [`${base}/drawn/description`, true],
    [`${base}/drawn/status`, true],
    [`${base}/drawn/vision`, true],
    [`${base}/health`, true],
    [`${base}/info`, true],
    [`${base}/outbox`, true],
    [`${base}/status`, true],
    [`${base}/watches`, true],
  ]);

  const loop = await daemon.logged('event loop delay');
  console.log(
    `event loop delay while the engine works: p99 ${loop.p99Ms} ms, mean ${loop.meanMs} ms, max ${loop.maxMs} ms`,
  );
}, 300_000);

test('if the engine is killed during a description, that frame fails, the daemon stays connected, and the next is described', async () => {
  // Many questions make each description long enough to be interrupted.
  const questions = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`q${index}`, { ask: 'How many shapes are there?' }]),
  );
  const { daemon, subscriber } = await startAll({
    source: drawn(900_000, '1280x720'),
    interval: '500ms',
    questions,
  });
  const { pid } = await daemon.logged('model loaded');
  const events = (): { id: string; type: string; reason: string | null }[] =>
    subscriber.json(`${base}/drawn/event`);
  await until(() => events().some(({ type }) => type === 'captured'), 100_000);
  process.kill(pid, 'SIGKILL');
  await until(() => events().some(({ type }) => type === 'failed'), 100_000);
  const failed = events().find(({ type }) => type === 'failed');
  expect(failed?.reason).toMatch(/engine process exited \(killed by SIGKILL\)/);
  await until(() => events().some(({ type }) => type === 'described'), 150_000);
  expect(
    events()
      .filter(({ id }) => id === failed?.id)
      .map(({ type }) => type),
  ).toEqual(['captured', 'failed']);
  expect(daemon.alive).toBe(true);
  // The last will of a lost connection would have been "offline".
  expect(subscriber.json(`${base}/status`)).toEqual([{ state: 'online' }]);
}, 400_000);

test('if the daemon is killed, its last will is offline, and no engine process remains', async () => {
  const { daemon, subscriber } = await startAll({ source: drawn(900_000, '336x336'), interval: '500ms' });
  const { pid } = await daemon.logged('model loaded');
  await daemon.end('SIGKILL');
  await until(() => subscriber.json(`${base}/status`).at(-1)?.state === 'offline');
  await until(() => !existsSync(`/proc/${pid}`));
}, 200_000);

test.each([
  [
    'a config with a fault',
    { cameras: { a: { source: { type: 'scene', size: 'big' } } } },
    /cameras\.a\.source\.size/,
  ],
  [
    'a model that is not there',
    { cameras: { a: { source: { type: 'scene' } } }, model: { path: '/nowhere' } },
    /model\.path \/nowhere/,
  ],
])(
  '%s exits with code 78 and names the fault',
  async (_name, config, message) => {
    const daemon = new Daemon({ mqtt: { url: 'mqtt://127.0.0.1:1' }, ...config });
    expect(await daemon.exit()).toEqual({ code: 78 });
    expect(daemon.stderr).toMatch(message);
  },
  120_000,
);
