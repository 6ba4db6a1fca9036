import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../../package.json' with { type: 'json' };
import { settableOf } from '../config/commands-schema.ts';
import type { Config } from '../config/schema.ts';
import { questionsOf } from '../contract/questions.ts';
import { HomeAssistantAnnouncer } from '../home-assistant/announcer.ts';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Log } from '../pipeline/ports.ts';

/** Announces the device, its cameras and questions to Home Assistant. */
export function createAnnouncer(
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
      cameras: Object.entries(cameras).map(([name, { name: title, questions, image }]) => ({
        name,
        title,
        questions: questionsOf(questions),
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
