import { topicsOf } from '../contract/topics.ts';
import { ScenecastError } from '../domain/errors.ts';
import { discoveryFilters } from '../home-assistant/discovery.ts';

/** A message that the broker has. */
interface Retained {
  readonly topic: string;
  readonly payload: string;
}

/** A broker that is connected. */
export interface ForgetPorts {
  /** Resolves once the broker has accepted the subscription, with a function that ends it. */
  readonly subscribe: (filter: string, onRetained: (message: Retained) => void) => Promise<() => void>;
  /** Publishes an empty, retained message with QoS 1. Rejects unless the broker has it. */
  readonly clear: (topic: string) => Promise<void>;
  /** Rejects when the caller gives up. */
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** Retained messages arrive right after the subscription is accepted. */
const retainedMessagesMs = 2000;
/** Home Assistant removes entities in the background; those that remain report each topic that is cleared. */
const removalMs = 5000;

/** The device is running, or was not able to say that it has stopped. */
export class DeviceOnlineError extends ScenecastError {
  override readonly name = 'DeviceOnlineError';
}

/**
 * Removes a device from a broker: withdraws its announcements to Home Assistant, then clears all its retained topics.
 * @param force even if its `status` is online
 * @returns the topics that were cleared
 * @throws DeviceOnlineError; what the ports reject with
 */
export async function forgetDevice(
  device: string,
  prefix: string,
  force: boolean,
  ports: ForgetPorts,
): Promise<string[]> {
  const announcements = new Set<string>();
  const topics = new Map<string, string>();
  const ends = [
    await ports.subscribe(`scenecast/${device}/#`, ({ topic, payload }) => topics.set(topic, payload)),
  ];
  for (const filter of discoveryFilters(prefix, device))
    ends.push(await ports.subscribe(filter, ({ topic }) => announcements.add(topic)));
  await ports.sleep(retainedMessagesMs);
  for (const end of ends) end();
  if (!force && isOnline(topics.get(topicsOf(device).status)))
    throw new DeviceOnlineError(
      `${device} is online: stop its daemon first; or use --force if it does not run any more`,
    );
  for (const topic of announcements) await ports.clear(topic);
  if (announcements.size > 0) await ports.sleep(removalMs);
  for (const topic of topics.keys()) await ports.clear(topic);
  return [...announcements, ...topics.keys()];
}

function isOnline(status: string | undefined): boolean {
  return status?.includes('"online"') ?? false;
}
