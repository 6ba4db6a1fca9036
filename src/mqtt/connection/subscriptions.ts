import { messageOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from './broker-link.ts';

/** A received message. Its bytes are valid only during the callback. */
export interface Incoming {
  readonly payload: Buffer;
  /** It was published before the subscription. */
  readonly retained: boolean;
  /** MQTT 5: topic for the response, and data to send along with it. */
  readonly responseTopic: string | undefined;
  readonly correlationData: Buffer | undefined;
}

export type OnMessage = (message: Incoming) => void;

/** Subscriptions that are renewed on each new connection. Topics without wildcards. */
export class Subscriptions {
  readonly #log: Log;
  readonly #wanted = new Map<string, Set<OnMessage>>();
  #link: BrokerLink | null = null;
  /** Dispatches an event named after each topic that the broker has accepted. */
  readonly #accepted = new EventTarget();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Resolves once the broker has accepted the subscription, with a function that ends it; has no timeout.
   * Rejects with the signal's reason.
   */
  async add(topic: string, onMessage: OnMessage, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const listeners = this.#wanted.get(topic) ?? new Set();
    this.#wanted.set(topic, listeners.add(onMessage));
    const end = (): void => this.#remove(topic, onMessage);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal.reason);
    this.#accepted.addEventListener(topic, () => resolve(), { once: true, signal });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (this.#link) this.#subscribe(this.#link, topic);
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
      for (const onMessage of this.#wanted.get(topic) ?? [])
        onMessage({ payload, retained: retain, responseTopic, correlationData });
    });
    for (const topic of this.#wanted.keys()) this.#subscribe(link, topic);
  }

  #subscribe(link: BrokerLink, topic: string): void {
    link.subscribe([topic], 1).then(
      () => this.#accepted.dispatchEvent(new Event(topic)),
      (error: unknown) => {
        if (!link.ended.aborted) this.#log.warn({ topic, reason: messageOf(error) }, 'subscription failed');
      },
    );
  }

  #remove(topic: string, onMessage: OnMessage): void {
    const listeners = this.#wanted.get(topic);
    if (!listeners?.delete(onMessage) || listeners.size > 0) return;
    this.#wanted.delete(topic);
    const link = this.#link;
    if (link && !link.ended.aborted) link.unsubscribe([topic]).catch(() => {});
  }
}
