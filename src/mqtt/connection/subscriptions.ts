import { messageOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from './broker-link.ts';
import { matchesFilter } from './matches-filter.ts';

/** A received message. Its bytes are valid only during the callback. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** It was published before the subscription. */
  readonly retained: boolean;
  /** MQTT 5: topic for the response, and data to send along with it. */
  readonly responseTopic: string | undefined;
  readonly correlationData: Buffer | undefined;
}

export type OnMessage = (message: Incoming) => void;

/** Subscriptions to topic filters that are renewed on each new connection. */
export class Subscriptions {
  readonly #log: Log;
  readonly #wanted = new Map<string, Set<OnMessage>>();
  #link: BrokerLink | null = null;
  /** Dispatches an event named after each filter that the broker has accepted. */
  readonly #accepted = new EventTarget();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Resolves once the broker has accepted the subscription, with a function that ends it; has no timeout.
   * Rejects with the signal's reason.
   */
  async add(filter: string, onMessage: OnMessage, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const listeners = this.#wanted.get(filter) ?? new Set();
    this.#wanted.set(filter, listeners.add(onMessage));
    const end = (): void => this.#remove(filter, onMessage);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal.reason);
    this.#accepted.addEventListener(filter, () => resolve(), { once: true, signal });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (this.#link) this.#subscribe(this.#link, filter);
      await promise;
      return end;
    } catch (error) {
      end();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Renews all subscriptions on a new connection. */
  subscribeAll(link: BrokerLink): void {
    this.#link = link;
    link.listen((topic, payload, { retain, properties }) => {
      const { responseTopic, correlationData } = properties ?? {};
      for (const [filter, listeners] of this.#wanted) {
        if (!matchesFilter(filter, topic)) continue;
        for (const onMessage of listeners)
          onMessage({ topic, payload, retained: retain, responseTopic, correlationData });
      }
    });
    for (const filter of this.#wanted.keys()) this.#subscribe(link, filter);
  }

  #subscribe(link: BrokerLink, filter: string): void {
    link.subscribe([filter], 1).then(
      () => this.#accepted.dispatchEvent(new Event(filter)),
      (error: unknown) => {
        if (!link.ended.aborted)
          this.#log.warn({ topic: filter, reason: messageOf(error) }, 'subscription failed');
      },
    );
  }

  #remove(filter: string, onMessage: OnMessage): void {
    const listeners = this.#wanted.get(filter);
    if (!listeners?.delete(onMessage) || listeners.size > 0) return;
    this.#wanted.delete(filter);
    const link = this.#link;
    if (link && !link.ended.aborted) link.unsubscribe([filter]).catch(() => {});
  }
}
