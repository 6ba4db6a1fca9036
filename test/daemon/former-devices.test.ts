import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { forgetFormerDevices } from '../../src/daemon/former-devices.ts';
import { removedTopics } from '../../src/daemon/publisher.ts';
import type { MqttPublisher } from '../../src/mqtt/publishing/publisher.ts';
import { MissingFiles } from '../../src/store/missing-files.ts';
import { LogLines } from '../../tools/test/log-lines.ts';

vi.mock('node:timers/promises', () => ({ setTimeout: async () => {} }));

const noProperties = { responseTopic: undefined, correlationData: undefined };

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-former-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function configOf(device: string): Config {
  return parseConfig(
    JSON.stringify({ device, store: { folder: 'state' }, cameras: { porch: { source: { type: 'scene' } } } }),
    'c.yaml',
  );
}

/** Starts the daemon of a config file as far as its topics matter. */
async function start(
  folder: string,
  file: string,
  device: string,
  retained: Map<string, string> = new Map(),
  fault: Error | null = null,
): Promise<LogLines> {
  const log = new LogLines();
  const config = configOf(device);
  const path = join(folder, file);
  await removedTopics(config, path, new MissingFiles(log), log);
  const publisher: Pick<MqttPublisher, 'subscribe' | 'send'> = {
    subscribe: async (filter, onMessage) => {
      const prefix = filter.replace(/[#+].*$/, '');
      for (const [topic, payload] of retained)
        if (topic.startsWith(prefix))
          onMessage({ topic, payload: Buffer.from(payload), retained: true, ...noProperties });
      return () => {};
    },
    send: async ({ topic, payload, retain }) => {
      if (fault) throw fault;
      expect([payload, retain]).toEqual(['', true]);
      retained.delete(topic);
    },
  };
  await forgetFormerDevices(config, path, publisher, new AbortController().signal, log);
  return log;
}

const house = (state: string): Map<string, string> =>
  new Map([
    ['scenecast/old/status', JSON.stringify({ state })],
    ['scenecast/old/porch/description', '{}'],
    ['homeassistant/device/scenecast_old/config', '{}'],
    ['scenecast/new/status', '{"state":"online"}'],
  ]);

test('after the device was renamed, nothing of its old name is left', async () => {
  const folder = scratch();
  await start(folder, 'c.yaml', 'old');
  const retained = house('offline');
  const log = await start(folder, 'c.yaml', 'new', retained);
  expect([...retained.keys()]).toEqual(['scenecast/new/status']);
  expect(log.of('former name of this device cleared at the broker')).toMatchObject([
    { fields: { former: 'old', topics: 3 } },
  ]);
  // Once.
  expect((await start(folder, 'c.yaml', 'new')).lines).toEqual([]);
});

test('a device of another config file in the same state folder is left alone', async () => {
  const folder = scratch();
  await start(folder, 'other.yaml', 'old');
  const retained = house('offline');
  expect((await start(folder, 'c.yaml', 'new', retained)).lines).toEqual([]);
  expect(retained.size).toBe(4);
});

test('a name that another board uses by now is left alone for good', async () => {
  const folder = scratch();
  await start(folder, 'c.yaml', 'old');
  const log = await start(folder, 'c.yaml', 'new', house('online'));
  expect(log.of('former name of this device not cleared at the broker')).toHaveLength(1);
  const later = house('offline');
  await start(folder, 'c.yaml', 'new', later);
  expect(later.size).toBe(4);
});

test('what could not be cleared is tried again at the next start', async () => {
  const folder = scratch();
  await start(folder, 'c.yaml', 'old');
  const log = await start(folder, 'c.yaml', 'new', house('offline'), new Error('the connection ended'));
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { reason: 'the connection ended' } }]);
  expect(existsSync(join(folder, 'state/topics-old.json'))).toBe(true);
  const retained = house('offline');
  await start(folder, 'c.yaml', 'new', retained);
  expect(retained.size).toBe(1);
});
