import { expect, onTestFinished, test } from 'vitest';
import { HomeAssistantAnnouncer } from '../../src/home-assistant/announcer.ts';
import { discoveryMessages } from '../../src/home-assistant/discovery.ts';
import { until } from '../../tools/test/until.ts';
import { workshop } from './discovery-fixture.ts';

const config = 'homeassistant/device/scenecast_workshop/config';
const birth = 'homeassistant/status';
const log = { debug() {}, info() {}, warn() {}, error() {} };
const [announcement] = discoveryMessages('homeassistant', workshop, {});

/** A broker and a clock that do what the test says. */
function stage({ enabled = true, taken = Promise.resolve() } = {}) {
  const published: { topic: string; payload: string }[] = [];
  const listeners = new Map<string, (payload: string, retained: boolean) => void>();
  const sleeps: { ms: number; wake: () => void; signal: AbortSignal }[] = [];
  const announcer = new HomeAssistantAnnouncer({
    device: workshop,
    prefix: 'homeassistant',
    enabled,
    publish: (topic, payload) => void published.push({ topic, payload }),
    subscribe: async (topic, onMessage) => {
      await taken;
      listeners.set(topic, onMessage);
      return () => listeners.delete(topic);
    },
    random: () => 0.25,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        sleeps.push({ ms, wake: resolve, signal });
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    log,
  });
  onTestFinished(() => announcer.close());
  announcer.start();
  return { announcer, published, listeners, sleeps };
}

/** Sees the announcer through its start: what the broker had retained is `retained`. */
async function announced(retained: string | null, options?: { enabled: boolean }) {
  const scene = stage(options);
  const { listeners, sleeps } = scene;
  await until(() => sleeps.length === 1);
  if (retained !== null) listeners.get(config)!(retained, true);
  sleeps[0]!.wake();
  return scene;
}

test('announces once if nothing was announced before', async () => {
  const { published, listeners } = await announced(null);
  await until(() => listeners.has(birth));
  expect(published).toEqual([announcement]);
  expect([...listeners.keys()]).toEqual([birth]);
});

test('withdraws entities that are gone since the last announcement, in two messages with a pause between', async () => {
  const earlier = JSON.stringify({ components: { 'shed:event': { platform: 'event', name: 'x' } } });
  const { published, sleeps } = await announced(earlier);
  await until(() => published.length === 1);
  expect(JSON.parse(published[0]!.payload).components['shed:event']).toEqual({ platform: 'event' });
  await until(() => sleeps.length === 2);
  expect(published).toHaveLength(1);
  expect(sleeps[1]!.ms).toBeGreaterThanOrEqual(1000);
  sleeps[1]!.wake();
  await until(() => published.length === 2);
  expect(published[1]).toEqual(announcement);
});

test('announces again after a random delay when Home Assistant restarts, once for several birth messages', async () => {
  const { published, listeners, sleeps } = await announced(null);
  await until(() => listeners.has(birth));
  const hear = listeners.get(birth)!;
  hear('offline', false);
  hear('online', false);
  hear('online', false);
  await until(() => sleeps.length === 2);
  expect(sleeps[1]!.ms).toBe(2500);
  expect(published).toHaveLength(1);
  sleeps[1]!.wake();
  await until(() => published.length === 2);
  expect(published[1]).toEqual(announcement);
  hear('online', false);
  await until(() => sleeps.length === 3);
  sleeps[2]!.wake();
  await until(() => published.length === 3);
});

test('if disabled, withdraws earlier announcements and publishes nothing else', async () => {
  const { published, listeners } = await announced(announcement!.payload, { enabled: false });
  await until(() => published.length === 1);
  expect(published).toEqual([{ topic: config, payload: '' }]);
  expect(listeners.size).toBe(0);
  const never = await announced(null, { enabled: false });
  await never.announcer.close();
  expect(never.published).toEqual([]);
});

test('a message that is not retained does not count as an earlier announcement', async () => {
  const { published, listeners, sleeps } = stage();
  await until(() => sleeps.length === 1);
  listeners.get(config)!(JSON.stringify({ components: { 'shed:event': { platform: 'event' } } }), false);
  sleeps[0]!.wake();
  await until(() => listeners.has(birth));
  expect(published).toEqual([announcement]);
});

test('closing ends every wait and subscription', async () => {
  const waiting = await announced(null);
  await until(() => waiting.listeners.has(birth));
  waiting.listeners.get(birth)!('online', false);
  await until(() => waiting.sleeps.length === 2);
  await waiting.announcer.close();
  await waiting.announcer.close();
  expect(waiting.sleeps[1]!.signal.aborted).toBe(true);
  expect(waiting.listeners.size).toBe(0);
  expect(waiting.published).toHaveLength(1);

  const starting = stage();
  await until(() => starting.sleeps.length === 1);
  await starting.announcer.close();
  expect(starting.listeners.size).toBe(0);
  expect(starting.published).toEqual([]);
});
