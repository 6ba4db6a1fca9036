import type { Setting } from '../contract/camera-config.ts';
import type { Question } from '../domain/observation.ts';

/** What Home Assistant is told about: one device with the entities of its cameras. */
export interface HomeAssistantDevice {
  /** The `<device>` of `scenecast/<device>`. */
  readonly device: string;
  /** Scenecast's. */
  readonly version: string;
  /** The model's name, for a person. */
  readonly model: string;
  readonly cameras: readonly HomeAssistantCamera[];
  /** The names of the prompts. */
  readonly prompts: readonly string[];
  /** Whether `request/describe` is taken. */
  readonly takesRequests: boolean;
  /** What MQTT may change of a camera. */
  readonly settable: readonly Setting[];
  /** Which of health's optional parts are published; `speed` from the first description on. */
  readonly health: readonly ('outbox' | 'speed' | 'board' | 'memory')[];
}

export interface HomeAssistantCamera {
  readonly name: string;
  readonly questions: readonly Question[];
  /** Whether its pictures are published. */
  readonly images: boolean;
}

/** An entity in a discovery message. Option names are Home Assistant's. */
export interface Component {
  readonly platform: string;
  readonly [option: string]: unknown;
}

/** A device or camera that is there: what `status` topics say. */
export function availability(topic: string): object {
  return { topic, value_template: '{{ value_json.state }}' };
}

/** Key and entity. */
export type Entry = readonly [string, Component];
