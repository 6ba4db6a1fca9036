import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../../package.json' with { type: 'json' };
import { jpegWithin } from '../camera/jpeg-within.ts';
import { settableOf } from '../config/commands-schema.ts';
import type { Config } from '../config/schema.ts';
import { topicsOf } from '../contract/topics.ts';
import { stateFolderOf } from '../domain/state-folder.ts';
import { HomeAssistantAnnouncer } from '../home-assistant/announcer.ts';
import type { ConnectFilePaths } from '../mqtt/connection/connect-files.ts';
import type { BrokerAddress } from '../mqtt/pool/connection.ts';
import type { EncodeImage } from '../mqtt/publishing/camera-images.ts';
import { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Log } from '../pipeline/ports.ts';
import { lookUp, questionOf } from '../setup/engine.ts';
import { Outbox } from '../store/outbox.ts';
import { rememberTopics } from '../store/topics-file.ts';

export function outboxOf({ store, device }: Config, folder: string, log: Log): Outbox {
  const { max_entries, max_size, max_age, replay } = store.outbox;
  return new Outbox({
    path: join(stateFolderOf(store.folder, folder, process.env), `outbox-${device}.db`),
    bounds: { maxEntries: max_entries, maxBytes: max_size, maxAgeMs: max_age, replayMs: replay },
    log,
  });
}

export function publisherOf(config: Config, folder: string, outbox: Outbox, log: Log): MqttPublisher {
  const { mqtt, device } = config;
  const retained = new Set(retainedTopicsOf(config));
  return new MqttPublisher({
    ...brokerOf(mqtt, folder),
    device,
    outbox,
    images: encodersOf(config),
    isRetained: (topic) => retained.has(topic),
    log,
  });
}

/** Of the cameras and questions that there are. */
function retainedTopicsOf({ device, cameras }: Config): string[] {
  const topics = topicsOf(device);
  return Object.entries(cameras).flatMap(([name, { questions }]) => [
    topics.cameraStatus(name),
    topics.cameraConfig(name),
    topics.description(name),
    topics.image(name),
    ...Object.keys(questions).map((question) => topics.answer(name, question)),
  ]);
}

/** The broker, and what it takes to connect to it. */
export function brokerOf(mqtt: Config['mqtt'], folder: string): BrokerAddress {
  return {
    url: mqtt.url,
    username: mqtt.username,
    ...connectFilePathsOf(mqtt, folder),
    keepaliveMs: mqtt.keepalive,
  };
}

/** Of the cameras whose pictures are published: how they become JPEG files. */
function encodersOf({ cameras }: Config): Map<string, EncodeImage> {
  const published = Object.entries(cameras).filter(([, { image }]) => image.enabled);
  return new Map(
    published.map(
      ([
        name,
        {
          image: { width, quality, max_size },
        },
      ]) => [
        name,
        (picture, mostBytes) =>
          jpegWithin(picture, { mostWidth: width, quality, mostBytes: Math.min(mostBytes, max_size) }),
      ],
    ),
  );
}

/**
 * Where publishing pictures was switched off, the broker shall not keep the last one; nor where there are privacy masks, which
 * may be newer than it.
 */
export function clearImages({ device, cameras }: Config, publisher: Pick<MqttPublisher, 'retain'>): void {
  for (const [name, { image, privacy }] of Object.entries(cameras))
    if (!image.enabled || privacy.length > 0) publisher.retain(topicsOf(device).image(name), '');
}

/** What this device's earlier configs had retained of cameras and questions that are not there any more, the broker shall not keep. */
export async function clearRemoved(
  config: Config,
  folder: string,
  publisher: Pick<MqttPublisher, 'retain'>,
  log: Log,
): Promise<void> {
  const current = retainedTopicsOf(config);
  const all = await rememberTopics(
    join(stateFolderOf(config.store.folder, folder, process.env), `topics-${config.device}.json`),
    current,
    log,
  );
  for (const topic of all) if (!current.includes(topic)) publisher.retain(topic, '');
}

/** What Home Assistant is told. */
export function announcerOf(
  { device, cameras, prompts, mqtt: { discovery, commands } }: Config,
  model: string,
  publisher: MqttPublisher,
  log: Log,
): HomeAssistantAnnouncer {
  return new HomeAssistantAnnouncer({
    device: {
      device,
      version: packageJson.version,
      model,
      cameras: Object.entries(cameras).map(([name, { questions, image }]) => ({
        name,
        questions: Object.entries(questions).map(([question, config]) => questionOf(question, config)),
        images: image.enabled,
      })),
      prompts: Object.keys(prompts),
      takesRequests: commands.describe,
      settable: settableOf(commands),
      health: ['outbox', 'speed', 'board', 'memory'],
    },
    ...discovery,
    publish: (topic, payload) => publisher.retain(topic, payload),
    subscribe: (topic, onMessage, signal) =>
      publisher.subscribe(topic, ({ payload, retained }) => onMessage(payload.toString(), retained), signal),
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
