import type { Announcement, DiscoveryMessage } from './discovery.ts';

/** A message of a transition. */
export interface TransitionMessage extends DiscoveryMessage {
  readonly retain: boolean;
}

/**
 * Messages to send before the announcement `next`, in groups that Home Assistant needs time after, so that it is left with
 * what `next` says, whatever was announced before.
 *
 * As Home Assistant documents it (https://www.home-assistant.io/integrations/mqtt/, "Device discovery payload"), leaving a
 * component out does not remove it: it must be sent once with its platform alone. A component whose platform changes is
 * removed and added again. A component that moves to the message of another device keeps its entity id, settings and history
 * if it is unloaded first, which `migrate_discovery` does for all components of a message.
 *
 * @param retained what the broker has of {@link discoveryFilters}, by topic
 */
export function transition(
  retained: ReadonlyMap<string, string>,
  next: readonly DiscoveryMessage[],
): TransitionMessage[][] {
  const removals: TransitionMessage[] = [];
  const migrations: TransitionMessage[] = [];
  const announced = next.flatMap(({ topic, payload }) =>
    identities(topic, JSON.parse(payload) as Announcement),
  );
  const places = new Map(announced.map(({ id, place }) => [id, place]));
  for (const [topic, payload] of retained) {
    if (!next.some((message) => message.topic === topic)) {
      removals.push({ topic, payload: '', retain: true });
      continue;
    }
    const earlier = announcementIn(payload);
    if (!earlier) continue;
    const known = identities(topic, earlier);
    const gone = known.filter(({ id }) => !places.has(id));
    if (gone.length > 0) {
      const removed = Object.fromEntries(gone.map(({ key, platform }) => [key, { platform }]));
      const components = { ...earlier.components, ...removed };
      // Not retained: if this is interrupted, the next start finds what is left to do.
      removals.push({ topic, payload: JSON.stringify({ ...earlier, components }), retain: false });
    }
    if (known.some(({ id, place }) => places.has(id) && places.get(id) !== place))
      migrations.push({ topic, payload: JSON.stringify({ migrate_discovery: true }), retain: false });
  }
  return [removals, migrations].filter((group) => group.length > 0);
}

/** A component, with what Home Assistant knows its entity by, and where it is announced. */
interface Identity {
  readonly key: string;
  readonly platform: string;
  readonly id: string;
  readonly place: string;
}

function identities(topic: string, { components }: Announcement): Identity[] {
  return Object.entries(components).map(([key, { platform, unique_id }]) => ({
    key,
    platform,
    id: `${platform} ${unique_id}`,
    place: `${topic} ${key}`,
  }));
}

/** null: the payload is not an announcement. */
function announcementIn(payload: string): Announcement | null {
  try {
    const announcement = JSON.parse(payload) as Announcement;
    const components = Object.entries(announcement.components ?? {}).filter(
      ([, component]) => typeof component?.platform === 'string',
    );
    return { ...announcement, components: Object.fromEntries(components) };
  } catch {
    return null;
  }
}
