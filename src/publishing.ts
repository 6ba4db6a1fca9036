import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../package.json' with { type: 'json' };
import type { Config } from './config/schema.ts';
import { stateFolder } from './domain/state-folder.ts';
import { lookUp, questionOf } from './engine.ts';
import type { ConnectFilePaths } from './mqtt/connect-files.ts';
import { HomeAssistantAnnouncer } from './mqtt/home-assistant-announcer.ts';
import { MqttPublisher } from './mqtt/mqtt-publisher.ts';
import type { Log } from './pipeline/ports.ts';
import { Outbox } from './store/outbox.ts';

export function outboxOf({ store, device }: Config, folder: string, log: Log): Outbox {
  const { max_entries, max_size, max_age, replay } = store.outbox;
  const state = store.folder === null ? stateFolder(process.env) : resolve(folder, store.folder);
  return new Outbox({
    path: join(state, `outbox-${device}.db`),
    bounds: { maxEntries: max_entries, maxBytes: max_size, maxAgeMs: max_age, replayMs: replay },
    log,
  });
}

export function publisherOf(
  { mqtt, device }: Config,
  folder: string,
  outbox: Outbox,
  log: Log,
): MqttPublisher {
  return new MqttPublisher({
    url: mqtt.url,
    username: mqtt.username,
    ...connectFilePathsOf(mqtt, folder),
    keepaliveMs: mqtt.keepalive,
    device,
    outbox,
    log,
  });
}

/** What Home Assistant is told. Nothing can be asked or set over MQTT yet. */
export function announcerOf(
  { device, cameras, prompts, mqtt: { discovery } }: Config,
  model: string,
  publisher: MqttPublisher,
  log: Log,
): HomeAssistantAnnouncer {
  return new HomeAssistantAnnouncer({
    device: {
      device,
      version: packageJson.version,
      model,
      cameras: Object.entries(cameras).map(([name, { questions }]) => ({
        name,
        questions: Object.entries(questions).map(([question, config]) => questionOf(question, config)),
        images: false,
      })),
      prompts: Object.keys(prompts),
      takesRequests: false,
      settable: [],
      health: ['outbox'],
    },
    ...discovery,
    publish: (topic, payload) => publisher.retain(topic, payload),
    subscribe: (topic, onMessage, signal) => publisher.subscribe(topic, onMessage, signal),
    random: Math.random,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    log,
  });
}

/** Where the files lie that prove who is who to the broker. */
export function connectFilePathsOf(mqtt: Config['mqtt'], folder: string): ConnectFilePaths {
  const path = (secret: string | null): string | null => secret && lookUpSecret(secret, folder);
  return {
    passwordFile: path(mqtt.password_file),
    caFile: path(mqtt.ca_file),
    certFile: path(mqtt.cert_file),
    keyFile: path(mqtt.key_file),
  };
}

/** The path of a secret: a relative one is a systemd credential of that name, where there is one. */
function lookUpSecret(path: string, folder: string): string {
  const credentials = process.env['CREDENTIALS_DIRECTORY'];
  const credential = credentials && !isAbsolute(path) ? resolve(credentials, path) : null;
  return credential && existsSync(credential) ? credential : lookUp(path, folder);
}
