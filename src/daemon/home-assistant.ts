import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../../package.json' with { type: 'json' };
import { readBoardModel } from '../board/board-model.ts';
import { KernelFiles } from '../board/kernel-files.ts';
import { readBoardHealth } from '../board/read-board-health.ts';
import { settableOf } from '../config/commands-schema.ts';
import type { Config } from '../config/schema.ts';
import { askedOf } from '../contract/questions.ts';
import type { BoardHealth } from '../domain/health.ts';
import { HomeAssistantAnnouncer } from '../home-assistant/announcer.ts';
import type { BoardReading, HomeAssistantDevice } from '../home-assistant/device.ts';
import type { MqttPublisher } from '../mqtt/publishing/publisher.ts';
import type { Log } from '../pipeline/ports.ts';

/** What is announced besides the config. */
export interface AnnouncedFacts {
  /** The board's model; null: not known. */
  readonly board: string | null;
  readonly readings: BoardHealth;
  /** Display name of what describes. */
  readonly model: string;
  readonly hasEngine: boolean;
  /** Whether something starts the daemon again. */
  readonly isSupervised: boolean;
}

/**
 * Announces the board, its cameras and questions to Home Assistant.
 * @param removed retained topics to clear, once Home Assistant has no entity left that would report that
 */
export async function createAnnouncer(
  config: Config,
  facts: Omit<AnnouncedFacts, 'board' | 'readings'>,
  publisher: MqttPublisher,
  removed: readonly string[],
  log: Log,
): Promise<HomeAssistantAnnouncer> {
  const { board: readings } = await readBoardHealth([]);
  const board = await readBoardModel(new KernelFiles('/'));
  return new HomeAssistantAnnouncer({
    device: announcedDevice(config, { ...facts, board, readings }),
    ...config.mqtt.discovery,
    publish: (topic, payload) => publisher.retain(topic, payload),
    send: (message) => publisher.send({ ...message, qos: 1 }),
    subscribe: (filter, onMessage, signal) =>
      publisher.subscribe(
        filter,
        ({ topic, payload, retained }) => onMessage({ topic, payload: payload.toString(), retained }),
        signal,
      ),
    onAnnounced: () => {
      for (const topic of removed) publisher.retain(topic, '');
    },
    random: Math.random,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    log,
  });
}

/** The config and what is known of the board, as far as Home Assistant shows it. */
export function announcedDevice(
  { device, name: title, cameras, prompts, mqtt: { commands } }: Config,
  { board, model, readings, hasEngine, isSupervised }: AnnouncedFacts,
): HomeAssistantDevice {
  return {
    device,
    title,
    version: packageJson.version,
    board,
    model,
    cameras: Object.entries(cameras).map(
      ([name, { name: title, source, questions, rules, image, collect }]) => ({
        name,
        title,
        source: source.type,
        questions: Object.entries(questions).map(([question, spec]) => ({
          name: question,
          title: spec.name,
          deviceClass: spec.type === 'boolean' ? spec.device_class : null,
          ...askedOf(spec),
        })),
        rules: Object.entries(rules).map(([rule, { name: title, device_class }]) => ({
          name: rule,
          title,
          deviceClass: device_class,
        })),
        images: image.enabled,
        takesFeedback: commands.feedback && collect !== null,
      }),
    ),
    prompts: Object.keys(prompts),
    takesRequests: commands.describe,
    isRestartable: commands.restart && isSupervised,
    settable: settableOf(commands),
    readings: [...readableOf(readings), ...(hasEngine ? (['engine_memory'] as const) : [])],
  };
}

function readableOf({ temperatureC, underVoltage, clockLimited }: BoardHealth): BoardReading[] {
  const values = { temperature: temperatureC, under_voltage: underVoltage, clock_limited: clockLimited };
  return Object.entries(values).flatMap(([reading, value]) =>
    value === null ? [] : [reading as BoardReading],
  );
}
