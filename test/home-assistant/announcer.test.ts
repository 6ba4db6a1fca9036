import { expect, onTestFinished, test } from 'vitest';
import { HomeAssistantAnnouncer } from '../../src/home-assistant/announcer.ts';
import { discoveryMessages } from '../../src/home-assistant/discovery.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { until } from '../../tools/test/until.ts';
import { workshop } from './discovery-fixture.ts';
import singleDevice from './single-device.json' with { type: 'json' };

const board = 'homeassistant/device/scenecast_workshop/config';
const shed = 'homeassistant/device/scenecast_workshop/shed/config';
const cameras = 'homeassistant/device/scenecast_workshop/+/config';
const birth = 'homeassistant/status';
const announcement = discoveryMessages('homeassistant', workshop);
const retained = announcement.map(({ topic, payload }) => ({ topic, payload, retain: true }));
const shedWithEvent = JSON.stringify({ components: { event: { platform: 'event', unique_id: 'x' } } });

type Listener = (message: { topic: string; payload: string; retained: boolean }) => void;

/** A broker and a clock that do what the test says. */
function stage({ enabled = true, faults = [] as Error[] } = {}) {
  /** In order; `cleared` where the announcer is done. */
  const published: object[] = [];
  const listeners = new Map<string, Listener>();
  const sleeps: { ms: number; wake: () => void; signal: AbortSignal }[] = [];
  const log = new LogLines();
  const announcer = new HomeAssistantAnnouncer({
    device: workshop,
    prefix: 'homeassistant',
    enabled,
    publish: (topic, payload) => void published.push({ topic, payload, retain: true }),
    send: async ({ topic, payload, retain }) => {
      const fault = faults.shift();
      if (fault) throw fault;
      published.push({ topic, payload, retain });
    },
    subscribe: async (filter, onMessage) => {
      listeners.set(filter, onMessage);
      return () => listeners.delete(filter);
    },
    onAnnounced: () => void published.push({ cleared: true }),
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
  const wake = async (count: number): Promise<number> => {
    await until(() => sleeps.length === count);
    sleeps[count - 1]!.wake();
    return sleeps[count - 1]!.ms;
  };
  return { announcer, published, listeners, sleeps, log, wake };
}

/** Sees the announcer through its first wait: what the broker had retained is `earlier`. */
async function announced(earlier: Readonly<Record<string, string>>, options?: Parameters<typeof stage>[0]) {
  const scene = stage(options);
  await until(() => scene.sleeps.length === 1);
  for (const [topic, payload] of Object.entries(earlier))
    scene.listeners.get(topic === board ? board : cameras)!({ topic, payload, retained: true });
  await scene.wake(1);
  return scene;
}

test('announces once if nothing was announced before', async () => {
  const { published, listeners } = await announced({});
  await until(() => listeners.has(birth));
  expect(published).toEqual([...retained, { cleared: true }]);
  expect([...listeners.keys()]).toEqual([birth]);
});

test('withdraws what is gone first, and lets topics be cleared once Home Assistant has removed it', async () => {
  const { published, wake } = await announced({ [shed]: shedWithEvent });
  await until(() => published.length === 1);
  expect(published).toEqual([{ topic: shed, payload: '', retain: true }]);
  expect(await wake(2)).toBeGreaterThanOrEqual(1000);
  await until(() => published.length === 5);
  expect(published.slice(1)).toEqual([...retained, { cleared: true }]);
});

test('has the single device of earlier versions unloaded before it is announced as several', async () => {
  const { shed_event, ...components } = { shed_event: { platform: 'event' }, ...singleDevice.components };
  const earlier = JSON.stringify({
    ...singleDevice,
    components: { 'shed:event': shed_event, ...components },
  });
  const { published, wake } = await announced({ [board]: earlier });
  await until(() => published.length === 1);
  expect(published[0]).toMatchObject({ topic: board, retain: false });
  expect(JSON.parse((published[0] as { payload: string }).payload).components['shed:event']).toEqual(
    shed_event,
  );
  await wake(2);
  await until(() => published.length === 2);
  expect(published[1]).toEqual({ topic: board, payload: '{"migrate_discovery":true}', retain: false });
  expect(await wake(3)).toBeGreaterThanOrEqual(1000);
  await until(() => published.length === 6);
  expect(published.slice(2)).toEqual([...retained, { cleared: true }]);
});

test('starts again if the connection is lost in between', async () => {
  const lost = Object.assign(new Error('the connection ended'), { code: 'lost' });
  const { published, listeners, wake } = await announced({ [shed]: shedWithEvent }, { faults: [lost] });
  await wake(2);
  await until(() => listeners.has(cameras));
  expect(published).toEqual([]);
  listeners.get(cameras)!({ topic: shed, payload: shedWithEvent, retained: true });
  await wake(3);
  await until(() => published.length === 1);
  expect(published).toEqual([{ topic: shed, payload: '', retain: true }]);
});

test('goes on if the broker refuses a message, and logs it', async () => {
  const refused = Object.assign(new Error('not authorized'), { code: 'refused' });
  const { published, log, wake } = await announced({ [shed]: shedWithEvent }, { faults: [refused] });
  await wake(2);
  await until(() => published.length === 4);
  expect(log.of('not published')).toMatchObject([{ fields: { topic: shed, reason: 'not authorized' } }]);
});

test('announces again after a random delay when Home Assistant restarts, once for several birth messages', async () => {
  const { published, listeners, sleeps } = await announced({});
  await until(() => listeners.has(birth));
  const hear = (payload: string): void => listeners.get(birth)!({ topic: birth, payload, retained: false });
  for (const payload of ['offline', 'online', 'online']) hear(payload);
  await until(() => sleeps.length === 2);
  expect(sleeps[1]!.ms).toBe(2500);
  expect(published).toHaveLength(4);
  sleeps[1]!.wake();
  await until(() => published.length === 7);
  expect(published.slice(4)).toEqual(retained);
  hear('online');
  await until(() => sleeps.length === 3);
  sleeps[2]!.wake();
  await until(() => published.length === 10);
});

test('if disabled, withdraws earlier announcements and publishes nothing else', async () => {
  const earlier = Object.fromEntries(announcement.map(({ topic, payload }) => [topic, payload]));
  const { published, listeners, wake } = await announced(earlier, { enabled: false });
  await wake(2);
  await until(() => published.length === 4);
  expect(published).toEqual([
    ...announcement.map(({ topic }) => ({ topic, payload: '', retain: true })),
    { cleared: true },
  ]);
  expect(listeners.size).toBe(0);
  const never = await announced({}, { enabled: false });
  await until(() => never.published.length === 1);
  expect(never.published).toEqual([{ cleared: true }]);
});

test('a message that is not retained does not count as an earlier announcement', async () => {
  const { published, listeners, wake, sleeps } = stage();
  await until(() => sleeps.length === 1);
  listeners.get(cameras)!({ topic: shed, payload: shedWithEvent, retained: false });
  await wake(1);
  await until(() => listeners.has(birth));
  expect(published).toEqual([...retained, { cleared: true }]);
});

test('closing ends every wait and subscription', async () => {
  const waiting = await announced({});
  await until(() => waiting.listeners.has(birth));
  waiting.listeners.get(birth)!({ topic: birth, payload: 'online', retained: false });
  await until(() => waiting.sleeps.length === 2);
  await waiting.announcer.close();
  await waiting.announcer.close();
  expect(waiting.sleeps[1]!.signal.aborted).toBe(true);
  expect(waiting.listeners.size).toBe(0);
  expect(waiting.published).toHaveLength(4);

  const starting = stage();
  await until(() => starting.sleeps.length === 1);
  await starting.announcer.close();
  expect(starting.listeners.size).toBe(0);
  expect(starting.published).toEqual([]);
});
