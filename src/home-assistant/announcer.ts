import { codeOf, messageOf } from '../domain/errors.ts';
import type { Log } from '../pipeline/ports.ts';
import type { HomeAssistantDevice } from './device.ts';
import { type DiscoveryMessage, discoveryFilters, discoveryMessages } from './discovery.ts';
import { type TransitionMessage, transition } from './transition.ts';

export interface AnnouncerParts {
  readonly device: HomeAssistantDevice;
  /** Home Assistant's discovery prefix, `homeassistant` by default. */
  readonly prefix: string;
  /** false: withdraws earlier announcements, and does nothing else. */
  readonly enabled: boolean;
  /** Publishes, retained, with QoS 1, now and on each connect; returns at once. */
  readonly publish: (topic: string, payload: string) => void;
  /** Publishes with QoS 1, once. Rejects with the code `lost` if there is no connection. */
  readonly send: (message: TransitionMessage) => Promise<void>;
  /** Resolves once the broker has accepted the subscription, with a function that ends it; has no timeout. */
  readonly subscribe: (
    filter: string,
    onMessage: (message: { topic: string; payload: string; retained: boolean }) => void,
    signal: AbortSignal,
  ) => Promise<() => void>;
  /** Called once Home Assistant has no entity left that is not announced any more. */
  readonly onAnnounced: () => void;
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
 * Announces the board and its cameras to Home Assistant, and again each time Home Assistant starts (its birth message).
 * Earlier announcements, by any version or config, are read from the broker, which retains them.
 */
export class HomeAssistantAnnouncer {
  readonly #parts: AnnouncerParts;
  readonly #messages: readonly DiscoveryMessage[];
  readonly #stopped = new AbortController();
  readonly #subscriptions = new Set<() => void>();
  #work: Promise<unknown> = Promise.resolve();
  #isAnnouncingAgain = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
    this.#messages = parts.enabled ? discoveryMessages(parts.prefix, parts.device) : [];
  }

  /** Works in the background; returns at once. */
  start(): void {
    this.#work = this.#run().catch((error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      this.#parts.log.warn({ reason: messageOf(error) }, 'Home Assistant discovery failed');
    });
  }

  /** Ends waits and subscriptions. The announcement stays: Home Assistant shows the devices as unavailable. */
  async close(): Promise<void> {
    this.#stopped.abort(new Error('Scenecast is stopping'));
    await this.#work;
    this.#endSubscriptions();
  }

  async #run(): Promise<void> {
    while (!(await this.#replaceEarlier())) await this.#sleep(betweenMessagesMs);
    this.#announce();
    this.#parts.onAnnounced();
    if (!this.#parts.enabled) return;
    await this.#subscribe(birthTopic, ({ payload }) => {
      if (payload === 'online') this.#announceAgain();
    });
  }

  /** Has Home Assistant remove and unload what is announced elsewhere or no more. @returns false: the connection was lost */
  async #replaceEarlier(): Promise<boolean> {
    for (const group of transition(await this.#earlier(), this.#messages)) {
      for (const message of group) {
        try {
          await this.#parts.send(message);
        } catch (error) {
          if (codeOf(error) === 'lost') return false;
          this.#parts.log.warn({ topic: message.topic, reason: messageOf(error) }, 'not published');
        }
      }
      await this.#sleep(betweenMessagesMs);
    }
    return true;
  }

  /** What the broker retains of this device's announcements, by topic. */
  async #earlier(): Promise<Map<string, string>> {
    const { device, prefix } = this.#parts;
    const earlier = new Map<string, string>();
    for (const filter of discoveryFilters(prefix, device.device))
      await this.#subscribe(filter, ({ topic, payload, retained }) => {
        if (retained) earlier.set(topic, payload);
      });
    await this.#sleep(retainedMessagesMs);
    this.#endSubscriptions();
    return earlier;
  }

  #announce(): void {
    for (const { topic, payload } of this.#messages) this.#parts.publish(topic, payload);
  }

  /** Birth messages during the delay need no announcement of their own. */
  #announceAgain(): void {
    if (this.#isAnnouncingAgain) return;
    this.#isAnnouncingAgain = true;
    const announcement = this.#sleep(this.#parts.random() * maxBirthDelayMs)
      .then(() => this.#announce())
      .catch(() => {})
      .finally(() => {
        this.#isAnnouncingAgain = false;
      });
    this.#work = Promise.all([this.#work, announcement]);
  }

  async #subscribe(
    filter: string,
    onMessage: (message: { topic: string; payload: string; retained: boolean }) => void,
  ): Promise<void> {
    const { signal } = this.#stopped;
    const end = await this.#parts.subscribe(
      filter,
      (message) => {
        if (!signal.aborted) onMessage(message);
      },
      signal,
    );
    this.#subscriptions.add(end);
  }

  #endSubscriptions(): void {
    for (const end of this.#subscriptions) end();
    this.#subscriptions.clear();
  }

  #sleep(ms: number): Promise<unknown> {
    return this.#parts.sleep(ms, this.#stopped.signal);
  }
}
