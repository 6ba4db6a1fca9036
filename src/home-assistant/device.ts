import type { Setting } from '../contract/camera-config.ts';
import type { Topics } from '../contract/topics.ts';
import type { Question } from '../domain/observation.ts';

/** What is announced to Home Assistant: a device for the board, and one for each of its cameras. */
export interface HomeAssistantDevice {
  /** The `<device>` of `scenecast/<device>`. */
  readonly device: string;
  /** What people call it; null: its name. */
  readonly title: string | null;
  /** Of Scenecast. */
  readonly version: string;
  /** The board's model, such as "Radxa Orion O6"; null: not known. */
  readonly board: string | null;
  /** The language model's display name. */
  readonly model: string;
  readonly cameras: readonly HomeAssistantCamera[];
  /** Names of the prompts. */
  readonly prompts: readonly string[];
  /** Whether `request/describe` is allowed. */
  readonly takesRequests: boolean;
  /** Whether `request/restart` is allowed, and something starts the daemon again. */
  readonly isRestartable: boolean;
  /** Camera settings that MQTT may change. */
  readonly settable: readonly Setting[];
  /** What the board can read of itself, of what not every board can. */
  readonly readings: readonly BoardReading[];
}

export type BoardReading = 'temperature' | 'under_voltage' | 'clock_limited' | 'engine_memory';

export interface HomeAssistantCamera {
  readonly name: string;
  /** What people call it; null: made from its name. */
  readonly title: string | null;
  /** Type of its source. */
  readonly source: string;
  readonly questions: readonly HomeAssistantQuestion[];
  readonly rules: readonly HomeAssistantRule[];
  /** Whether its pictures are published. */
  readonly images: boolean;
  /** Whether its answers can be called right or wrong. */
  readonly takesFeedback: boolean;
}

export interface HomeAssistantQuestion extends Question {
  /** What people call it; null: made from its name. */
  readonly title: string | null;
  /** Home Assistant's class of a binary sensor; null: none. */
  readonly deviceClass: string | null;
}

export interface HomeAssistantRule {
  readonly name: string;
  /** What people call it; null: made from its name. */
  readonly title: string | null;
  /** Home Assistant's class of a binary sensor; null: none. */
  readonly deviceClass: string | null;
}

/** An entity in a discovery message. Option names are Home Assistant's. */
export interface Component {
  readonly platform: string;
  readonly [option: string]: unknown;
}

/** Availability of a device or camera by its `status` topic. */
export function availability(topic: string): object {
  return { topic, value_template: '{{ value_json.state }}' };
}

/** Requires what was said to hold, too; `availability_mode` is `all` for the whole device. */
export function whileCurrent(camera: string, topics: Topics): object {
  const vision = {
    topic: topics.vision(camera),
    value_template: "{{ 'online' if value_json.state == 'current' else 'offline' }}",
  };
  return { availability: [availability(topics.status), vision] };
}

/** Key and entity. The key is unique in its device. */
export type Entry = readonly [string, Component];

/** `front_door` -> `Front door` */
export function wordsOf(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
