import { topicsOf } from '../contract/topics.ts';
import { cameraEntities } from './camera-entities.ts';
import { availability, type Component, type HomeAssistantDevice } from './device.ts';
import { healthEntities } from './health-entities.ts';

/** Components announced earlier: key to platform. */
export type AnnouncedComponents = Readonly<Record<string, string>>;

/** A message to publish, retained, with QoS 1. */
export interface DiscoveryMessage {
  readonly topic: string;
  readonly payload: string;
}

/** The device's discovery topic. Home Assistant allows letters, digits, `_` and `-` in the id, as device names do. */
export function discoveryTopic(prefix: string, device: string): string {
  return `${prefix}/device/${idOf(device)}/config`;
}

/**
 * The messages to publish, in order, so that Home Assistant shows the device as it is now; `earlier` was announced last.
 *
 * As Home Assistant documents it (https://www.home-assistant.io/integrations/mqtt/, "Device discovery payload"), leaving
 * a component out does not remove it: it must be sent once with its platform alone, and be left out afterwards. A component
 * whose platform changes is removed and added again. So there are two messages if anything is removed, else one.
 */
export function discoveryMessages(
  prefix: string,
  device: HomeAssistantDevice,
  earlier: AnnouncedComponents,
): DiscoveryMessage[] {
  const topic = discoveryTopic(prefix, device.device);
  const components = componentsOf(device);
  const gone = Object.entries(earlier).filter(([key, platform]) => components[key]?.platform !== platform);
  const message = (listed: Readonly<Record<string, Component>>): DiscoveryMessage => ({
    topic,
    payload: JSON.stringify({ ...headOf(device), components: listed }),
  });
  if (gone.length === 0) return [message(components)];
  const removals = Object.fromEntries(gone.map(([key, platform]) => [key, { platform }]));
  return [message({ ...components, ...removals }), message(components)];
}

/** The components that a retained discovery message announces; none if it is not one of ours. */
export function announcedComponents(payload: string): AnnouncedComponents {
  try {
    const { components } = JSON.parse(payload) as { components?: unknown };
    if (typeof components !== 'object' || components === null) return {};
    return Object.fromEntries(
      Object.entries(components).flatMap(([key, component]) =>
        typeof component?.platform === 'string' ? [[key, component.platform]] : [],
      ),
    );
  } catch {
    return {};
  }
}

/** The part that all components share. Those without an availability of their own use the device's. */
function headOf({ device, version, model }: HomeAssistantDevice): object {
  return {
    device: {
      identifiers: [idOf(device)],
      name: device,
      manufacturer: 'Scenecast',
      model,
      sw_version: version,
    },
    origin: { name: 'Scenecast', sw_version: version },
    availability: [availability(topicsOf(device).status)],
    availability_mode: 'all',
    qos: 1,
  };
}

function idOf(device: string): string {
  return `scenecast_${device}`;
}

/**
 * Every entity of a device by its key, which is its identity: built only from names that are topic levels, so that it does
 * not depend on texts or order. Names contain no colon, so keys cannot collide.
 */
function componentsOf(device: HomeAssistantDevice): Record<string, Component> {
  const topics = topicsOf(device.device);
  const entities = [
    ...device.cameras.flatMap((camera) => cameraEntities(camera, device, topics)),
    ...healthEntities(device, topics),
  ];
  return Object.fromEntries(
    entities.map(([key, { platform, ...options }]) => [
      key,
      {
        platform,
        unique_id: `scenecast:${device.device}:${key}`,
        default_entity_id: `${platform}.${slug(`${device.device}_${key}`)}`,
        ...options,
      },
    ]),
  );
}

/** The part of an entity id after the dot: Home Assistant allows a-z, 0-9 and _. */
function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '_');
}
