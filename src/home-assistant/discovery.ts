import { type Topics, topicsOf } from '../contract/topics.ts';
import { boardEntities } from './board-entities.ts';
import { cameraEntities } from './camera-entities.ts';
import {
  availability,
  type Component,
  type Entry,
  type HomeAssistantCamera,
  type HomeAssistantDevice,
  wordsOf,
} from './device.ts';

/** A message to publish, with QoS 1. */
export interface DiscoveryMessage {
  readonly topic: string;
  readonly payload: string;
}

/** What a discovery message announces. */
export interface Announcement {
  readonly components: Readonly<Record<string, Component>>;
  readonly [part: string]: unknown;
}

/** What Home Assistant calls cameras by the type of their source. */
const models: Readonly<Record<string, string>> = {
  v4l2: 'V4L2 camera',
  http: 'HTTP camera',
  ffmpeg: 'Video stream',
  still: 'Picture files',
  scene: 'Drawn scenes',
};

/**
 * The retained messages that announce a board and its cameras, the board first; each is a device in Home Assistant. Options
 * are those of https://www.home-assistant.io/integrations/mqtt/, "Device discovery payload".
 */
export function discoveryMessages(prefix: string, device: HomeAssistantDevice): DiscoveryMessage[] {
  const topics = topicsOf(device.device);
  return [
    message(boardTopic(prefix, device.device), boardAnnouncement(device, topics)),
    ...device.cameras.map((camera) =>
      message(cameraTopic(prefix, device.device, camera.name), cameraAnnouncement(camera, device, topics)),
    ),
  ];
}

/** Topic filters of all messages about a board and its cameras, the removed ones too. */
export function discoveryFilters(prefix: string, device: string): string[] {
  return [boardTopic(prefix, device), cameraTopic(prefix, device, '+')];
}

/** Home Assistant allows letters, digits, `_` and `-` in these levels, as names do. */
function boardTopic(prefix: string, device: string): string {
  return `${prefix}/device/${idOf(device)}/config`;
}

function cameraTopic(prefix: string, device: string, camera: string): string {
  return `${prefix}/device/${idOf(device)}/${camera}/config`;
}

function message(topic: string, announcement: Announcement): DiscoveryMessage {
  return { topic, payload: JSON.stringify(announcement) };
}

function boardAnnouncement(device: HomeAssistantDevice, topics: Topics): Announcement {
  const { title, board, version, model } = device;
  return {
    device: {
      identifiers: [idOf(device.device)],
      name: title ?? device.device,
      manufacturer: 'Scenecast',
      ...(board !== null && { model: board }),
      sw_version: `${version} with ${model}`,
    },
    ...sharedOptions(device, topics),
    components: componentsOf(device.device, '', boardEntities(device, topics)),
  };
}

function cameraAnnouncement(
  camera: HomeAssistantCamera,
  device: HomeAssistantDevice,
  topics: Topics,
): Announcement {
  const { name, title, source } = camera;
  return {
    device: {
      // Names contain no colon, so it cannot be that of another board's camera.
      identifiers: [`${idOf(device.device)}:${name}`],
      name: title ?? wordsOf(name),
      manufacturer: 'Scenecast',
      model: models[source] ?? source,
      via_device: idOf(device.device),
    },
    ...sharedOptions(device, topics),
    components: componentsOf(device.device, `${name}:`, cameraEntities(camera, device, topics)),
  };
}

/** Of all components; those with an availability of their own do not use this one. */
function sharedOptions({ version }: HomeAssistantDevice, topics: Topics): object {
  return {
    origin: { name: 'Scenecast', sw_version: version },
    availability: [availability(topics.status)],
    availability_mode: 'all',
    qos: 1,
  };
}

function idOf(device: string): string {
  return `scenecast_${device}`;
}

/**
 * Entities by their key. Their identity is built only from names that are topic levels, so that it does not depend on texts
 * or order; names contain no colon, so no two have the same.
 */
function componentsOf(device: string, camera: string, entities: readonly Entry[]): Record<string, Component> {
  return Object.fromEntries(
    entities.map(([key, { platform, ...options }]) => [
      key,
      {
        platform,
        unique_id: `scenecast:${device}:${camera}${key}`,
        default_entity_id: `${platform}.${slug(`${device}_${camera}${key}`)}`,
        ...options,
      },
    ]),
  );
}

/** The part of an entity id after the dot: Home Assistant allows a-z, 0-9 and _. */
function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '_');
}
