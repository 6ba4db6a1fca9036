import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createCommands, createSettings } from '../../src/daemon/commands.ts';
import type { MqttPublisher } from '../../src/mqtt/publishing/publisher.ts';
import type { Settings } from '../../src/pipeline/settings.ts';
import { LogLines } from '../../tools/test/log-lines.ts';
import { until } from '../../tools/test/until.ts';

const porch = { source: { type: 'scene' }, interval: '20s', prompt: 'brief' };

function configOf(commands: object): Config {
  return parseConfig(
    JSON.stringify({
      device: 'workshop',
      store: { folder: 'state' },
      prompts: { default: 'Describe the scene.', brief: 'Say it in a word.' },
      mqtt: { commands },
      cameras: { porch },
    }),
    'c.yaml',
  );
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-commands-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function settingsIn(folder: string, commands: object): Promise<Settings> {
  const settings = createSettings(configOf(commands), folder, new LogLines());
  onTestFinished(() => settings.close());
  await settings.load();
  return settings;
}

test('settings begin as configured; changes are kept in the state folder under the name of the device', async () => {
  const folder = scratch();
  const settings = await settingsIn(folder, {});
  expect(settings.of('porch')).toEqual({ paused: false, intervalMs: 20_000, prompt: 'brief' });
  await settings.set('porch', { paused: true, prompt: 'default' });
  expect(existsSync(join(folder, 'state/settings-workshop.json'))).toBe(true);
  const again = await settingsIn(folder, {});
  expect(again.of('porch')).toEqual({ paused: true, intervalMs: 20_000, prompt: 'default' });
});

test('a kept change is dropped once the config no longer allows it', async () => {
  const folder = scratch();
  await (await settingsIn(folder, {})).set('porch', { paused: true, intervalMs: 5000 });
  const again = await settingsIn(folder, { set: ['interval'] });
  expect(again.of('porch')).toEqual({ paused: false, intervalMs: 5000, prompt: 'brief' });
});

test.each([
  ['allowed', { ask: true, restart: true }, ['ok', 'ok']],
  ['not allowed', { ask: false, restart: false }, ['forbidden', 'forbidden']],
])('ask and restart, %s by the config', async (_, allowed, expected) => {
  const publisher = new FakePublisher();
  const restarts: AbortSignal[] = [];
  const commands = createCommands(
    configOf(allowed),
    {
      request: async () => Promise.reject(new Error('this test describes nothing')),
      watch: async () => Promise.reject(new Error('this test watches nothing')),
      unwatch: async () => {},
      restart: async (_what, signal) => void restarts.push(signal),
      feedback: async () => Promise.reject(new Error('this test labels nothing')),
      set: async () => ({ paused: false, intervalMs: 1, prompt: 'brief' }),
    },
    publisher as unknown as MqttPublisher,
    new LogLines(),
  );
  onTestFinished(() => commands.close());
  commands.start();
  publisher.say('scenecast/workshop/request/restart', '{}');
  publisher.say('scenecast/workshop/request/ask', '{"question":{"ask":"What?"}}');
  await until(() => publisher.responses.size === 2);
  const codeOf = (kind: string): string => {
    const { error } = JSON.parse(publisher.responses.get(`scenecast/workshop/response/${kind}`)!);
    return error?.message === 'this test describes nothing' ? 'ok' : (error?.code ?? 'ok');
  };
  expect([codeOf('restart'), codeOf('ask')]).toEqual(expected);
  expect(restarts).toHaveLength(expected[0] === 'ok' ? 1 : 0);
});

const noProperties = { responseTopic: undefined, correlationData: undefined };

type OnMessage = Parameters<MqttPublisher['subscribe']>[1];

class FakePublisher implements Pick<MqttPublisher, 'subscribe' | 'send'> {
  readonly responses = new Map<string, string>();
  readonly #listeners: [string, OnMessage][] = [];

  async subscribe(topic: string, onMessage: OnMessage): Promise<() => void> {
    this.#listeners.push([topic, onMessage]);
    return () => {};
  }

  async send({ topic, payload }: Parameters<MqttPublisher['send']>[0]): Promise<void> {
    this.responses.set(topic, String(payload));
  }

  say(topic: string, payload: string): void {
    for (const [filter, onMessage] of this.#listeners)
      if (new RegExp(`^${filter.replaceAll('+', '[^/]+')}$`).test(topic))
        onMessage({ topic, payload: Buffer.from(payload), retained: false, ...noProperties });
  }
}
