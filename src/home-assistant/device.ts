import type { Setting } from '../contract/camera-config.ts';
import type { Question } from '../domain/observation.ts';

/** What is announced to Home Assistant: one device with the entities of its cameras. */
export interface HomeAssistantDevice {
  /** The `<device>` of `scenecast/<device>`. */
  readonly device: string;
  /** Of Scenecast. */
  readonly version: string;
  /** The model's display name. */
  readonly model: string;
  readonly cameras: readonly HomeAssistantCamera[];
  /** Names of the prompts. */
  readonly prompts: readonly string[];
  /** Whether `request/describe` is allowed. */
  readonly takesRequests: boolean;
  /** Camera settings that MQTT may change. */
  readonly settable: readonly Setting[];
  /** The optional parts of health that are published; `speed` from the first description on. */
  readonly health: readonly ('outbox' | 'speed' | 'board' | 'memory')[];
}

export interface HomeAssistantCamera {
  readonly name: string;
  /** What people call it; null: made from its name. */
  readonly title: string | null;
  readonly questions: readonly Question[];
  /** Whether its pictures are published. */
  readonly images: boolean;
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

/** Key and entity. */
export type Entry = readonly [string, Component];
