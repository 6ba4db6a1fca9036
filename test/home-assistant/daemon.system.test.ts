import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { App } from '../../src/daemon/app.ts';
import { HomeAssistant } from '../../tools/test/home-assistant.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { startBroker, subscribe } from '../../tools/test/mqtt.ts';
import type { Subscriber } from '../../tools/test/subscriber.ts';
import { until } from '../../tools/test/until.ts';
import singleDevice from './single-device.json' with { type: 'json' };

const camera = { source: { type: 'scene', size: '64x64' } };
const board = 'homeassistant/device/scenecast_workshop/config';

/** Starts the daemon of one config file, without an engine. */
async function start(url: string, folder: string, device: string, cameras: object): Promise<App> {
  const config = parseConfig(
    JSON.stringify({
      device,
      mqtt: { url },
      store: { folder: 'state' },
      engine: 'pool',
      work: { sending: { fallback: 'expire' } },
      cameras,
    }),
    'c.yaml',
  );
  const app = new App(config, join(folder, 'config.yaml'), new LogLines() as unknown as Logger);
  onTestFinished(() => app.close());
  await app.start();
  return app;
}

/** What the broker retains by now. */
async function retained(url: string): Promise<string[]> {
  const late = await subscribe(url);
  await late.client.publishAsync('end', '');
  await until(() => late.received.some(({ topic }) => topic === 'end'));
  return late.received.filter(({ retain }) => retain).map(({ topic }) => topic);
}

/** Home Assistant, given everything that was published. */
function homeAssistantOf({ received }: Subscriber): HomeAssistant {
  const homeAssistant = new HomeAssistant();
  for (const message of received)
    if (message.topic.startsWith('homeassistant/device/')) homeAssistant.receive(message);
  return homeAssistant;
}

test('over removed cameras, an old announcement and a new name, Home Assistant is left with what is there', async () => {
  const { url } = await startBroker();
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-home-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const all = await subscribe(url);
  const payloads = (topic: string): string[] =>
    all.received.filter((message) => message.topic === topic).map(({ payload }) => payload);
  const announced = (topic: string): boolean => payloads(topic).at(-1)?.includes('"components"') ?? false;

  await all.client.publishAsync(board, JSON.stringify(singleDevice), { qos: 1, retain: true });
  const first = await start(url, folder, 'workshop', { front_door: camera, yard: camera });
  await until(() => announced('homeassistant/device/scenecast_workshop/yard/config'));
  expect(homeAssistantOf(all)).toMatchObject({ errors: [], leftover: [] });
  expect(homeAssistantOf(all).entityIds).toMatchObject({
    'sensor scenecast:workshop:yard:description': 'sensor.workshop_yard_description',
  });
  await first.close();

  const second = await start(url, folder, 'workshop', { front_door: camera });
  const cleared = ['status', 'config', 'description'].map((name) => `scenecast/workshop/yard/${name}`);
  await until(() => cleared.every((topic) => payloads(topic).includes('')));
  const at = (topic: string): number =>
    all.received.findIndex((message) => message.topic === topic && message.payload === '');
  const withdrawn = at('homeassistant/device/scenecast_workshop/yard/config');
  expect(withdrawn).toBeGreaterThan(0);
  const again = all.received.findIndex(({ topic }, index) => topic === board && index > withdrawn);
  // Not before Home Assistant had time to remove the camera's entities: the announcement follows after that.
  expect(again).toBeGreaterThan(withdrawn);
  for (const topic of cleared) expect(at(topic), topic).toBeGreaterThan(again);
  expect(homeAssistantOf(all)).toMatchObject({ errors: [], leftover: [] });
  await second.close();

  await start(url, folder, 'garage', { front_door: camera });
  await until(() => announced('homeassistant/device/scenecast_garage/front_door/config'));
  const left = async (): Promise<string[]> => (await retained(url)).filter((topic) => /workshop/.test(topic));
  await vi.waitFor(async () => expect(await left()).toEqual([]), 20_000);
  const { devices, registry, errors, leftover } = homeAssistantOf(all);
  expect({ errors, leftover }).toEqual({ errors: [], leftover: [] });
  expect(new Set([...registry.values()].map(({ device }) => device))).toEqual(
    new Set(['scenecast_garage', 'scenecast_garage:front_door']),
  );
  expect(devices.get('scenecast_garage:front_door')).toEqual({
    name: 'Front door',
    via_device: 'scenecast_garage',
  });
}, 120_000);
