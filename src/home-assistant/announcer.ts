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
  /** Home Assistant's discovery prefix, `homeassistant` unless it was changed there. */
  readonly prefix: string;
  /** false: what was announced earlier is taken back, and nothing else is done. */
  readonly enabled: boolean;
  /** Publishes, retained, at QoS 1; returns at once. */
  readonly publish: (topic: string, payload: string) => void;
  /** Resolves when the broker has taken the subscription, however long that takes; gives what ends it. */
  readonly subscribe: (
    topic: string,
    onMessage: (payload: string, retained: boolean) => void,
    signal: AbortSignal,
  ) => Promise<() => void>;
  /** From 0 to 1, without 1. */
  readonly random: () => number;
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly log: Log;
}

/** Retained messages come right after the subscription was taken. */
const retainedMessagesMs = 2000;
/** Home Assistant queues an update to an entity that it is still busy with, and then skips the rest of the message. */
const betweenMessagesMs = 5000;
/** Where Home Assistant tells that it is there; its default, whatever the discovery prefix is. */
const birthTopic = 'homeassistant/status';
/** As Home Assistant asks: not everybody at once when it comes back. */
const longestBirthDelayMs = 10_000;

/**
 * Announces the device to Home Assistant, and again each time Home Assistant starts (its birth message). What was
 * announced before, by whichever version or config, is read from the broker, where it is retained.
 */
export class HomeAssistantAnnouncer {
  readonly #parts: AnnouncerParts;
  readonly #stopped = new AbortController();
  readonly #subscriptions = new Set<() => void>();
  #work: Promise<unknown> = Promise.resolve();
  #greeting = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Goes on in the background for as long as it takes; returns at once. */
  start(): void {
    this.#work = this.#run().catch((error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      this.#parts.log.warn({ reason: messageOf(error) }, 'not announced to Home Assistant');
    });
  }

  /** Ends the waits and subscriptions. What was announced stays: Home Assistant shows the device as unavailable. */
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
      // An empty message removes the device, and clears what is retained.
      if (Object.keys(earlier).length > 0) publish(discoveryTopic(prefix, device.device), '');
      return;
    }
    for (const [index, { topic, payload }] of discoveryMessages(prefix, device, earlier).entries()) {
      if (index > 0) await this.#sleep(betweenMessagesMs);
      publish(topic, payload);
    }
    await this.#subscribe(birthTopic, (payload) => {
      if (payload === 'online') this.#greet();
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

  /** Births that come while one is being answered are answered with it. */
  #greet(): void {
    if (this.#greeting) return;
    this.#greeting = true;
    const { device, prefix, random, publish } = this.#parts;
    const greeting = this.#sleep(random() * longestBirthDelayMs)
      .then(() => {
        for (const { topic, payload } of discoveryMessages(prefix, device, {})) publish(topic, payload);
      })
      .catch(() => {})
      .finally(() => {
        this.#greeting = false;
      });
    this.#work = Promise.all([this.#work, greeting]);
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
