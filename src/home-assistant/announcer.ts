import { messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import type { HomeAssistantDevice } from './device.ts';
import {
  type AnnouncedComponents,
  announcedComponents,
  discoveryMessages,
  discoveryTopic,
} from './discovery.ts';

export interface AnnouncerParts {
  readonly device: HomeAssistantDevice;
  /** Home Assistant's discovery prefix, `homeassistant` by default. */
  readonly prefix: string;
  /** false: withdraws earlier announcements, and does nothing else. */
  readonly enabled: boolean;
  /** Publishes, retained, with QoS 1; returns at once. */
  readonly publish: (topic: string, payload: string) => void;
  /** Resolves once the broker has accepted the subscription, with a function that ends it; has no timeout. */
  readonly subscribe: (
    topic: string,
    onMessage: (payload: string, retained: boolean) => void,
    signal: AbortSignal,
  ) => Promise<() => void>;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly log: Log;
}

/** Retained messages arrive right after the subscription is accepted. */
const retainedMessagesMs = 2000;
/** Home Assistant queues an update to an entity that it is still busy with, and then skips the rest of the message. */
const betweenMessagesMs = 5000;
/** Home Assistant's birth and will topic; the default, which does not depend on the discovery prefix. */
const birthTopic = 'homeassistant/status';
/** Home Assistant asks devices for a random delay, so that they do not all announce at once after its restart. */
const maxBirthDelayMs = 10_000;

/**
 * Announces the device to Home Assistant, and again each time Home Assistant starts (its birth message). Earlier
 * announcements, by any version or config, are read from the broker, which retains them.
 */
export class HomeAssistantAnnouncer {
  readonly #parts: AnnouncerParts;
  readonly #stopped = new AbortController();
  readonly #subscriptions = new Set<() => void>();
  #work: Promise<unknown> = Promise.resolve();
  #isAnnouncingAgain = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Works in the background; returns at once. */
  start(): void {
    this.#work = this.#run().catch((error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      this.#parts.log.warn({ reason: messageOf(error) }, 'Home Assistant discovery failed');
    });
  }

  /** Ends waits and subscriptions. The announcement stays: Home Assistant shows the device as unavailable. */
  async close(): Promise<void> {
    this.#stopped.abort(new Error('Scenecast is stopping'));
    await this.#work;
    for (const end of this.#subscriptions) end();
    this.#subscriptions.clear();
  }

  async #run(): Promise<void> {
    const { device, prefix, enabled, publish } = this.#parts;
    const earlier = await this.#earlier();
    if (!enabled) {
      // An empty payload removes the device, and clears the retained message.
      if (Object.keys(earlier).length > 0) publish(discoveryTopic(prefix, device.device), '');
      return;
    }
    for (const [index, { topic, payload }] of discoveryMessages(prefix, device, earlier).entries()) {
      if (index > 0) await this.#sleep(betweenMessagesMs);
      publish(topic, payload);
    }
    await this.#subscribe(birthTopic, (payload) => {
      if (payload === 'online') this.#announceAgain();
    });
  }

  async #earlier(): Promise<AnnouncedComponents> {
    const { device, prefix } = this.#parts;
    let earlier: AnnouncedComponents = {};
    const end = await this.#subscribe(discoveryTopic(prefix, device.device), (payload, retained) => {
      if (retained) earlier = announcedComponents(payload);
    });
    await this.#sleep(retainedMessagesMs);
    this.#subscriptions.delete(end);
    end();
    return earlier;
  }

  /** Birth messages during the delay need no announcement of their own. */
  #announceAgain(): void {
    if (this.#isAnnouncingAgain) return;
    this.#isAnnouncingAgain = true;
    const { device, prefix, random, publish } = this.#parts;
    const announcement = this.#sleep(random() * maxBirthDelayMs)
      .then(() => {
        for (const { topic, payload } of discoveryMessages(prefix, device, {})) publish(topic, payload);
      })
      .catch(() => {})
      .finally(() => {
        this.#isAnnouncingAgain = false;
      });
    this.#work = Promise.all([this.#work, announcement]);
  }

  async #subscribe(
    topic: string,
    onMessage: (payload: string, retained: boolean) => void,
  ): Promise<() => void> {
    const { signal } = this.#stopped;
    const end = await this.#parts.subscribe(
      topic,
      (payload, retained) => {
        if (!signal.aborted) onMessage(payload, retained);
      },
      signal,
    );
    this.#subscriptions.add(end);
    return end;
  }

  #sleep(ms: number): Promise<unknown> {
    return this.#parts.sleep(ms, this.#stopped.signal);
  }
}
