import { messageOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from './broker-link.ts';

/** A message that came, for who hears it at once: its bytes are not kept. */
export interface Incoming {
  readonly payload: Buffer;
  /** It was said before the subscription. */
  readonly retained: boolean;
  /** Of MQTT 5: where the sender wants an answer, and what is to come with it. */
  readonly responseTopic: string | undefined;
  readonly correlationData: Buffer | undefined;
}

export type OnMessage = (message: Incoming) => void;

/** What the broker is asked for, on this connection and on each that follows. Topics without wildcards. */
export class Subscriptions {
  readonly #log: Log;
  readonly #wanted = new Map<string, Set<OnMessage>>();
  #link: BrokerLink | null = null;
  /** Told of each topic that the broker has taken. */
  readonly #taken = new EventTarget();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Resolves when the broker has taken the subscription, however long that takes; gives what ends it.
   * Rejects with the signal's reason.
   */
  async add(topic: string, onMessage: OnMessage, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const listeners = this.#wanted.get(topic) ?? new Set();
    this.#wanted.set(topic, listeners.add(onMessage));
    const end = (): void => this.#remove(topic, onMessage);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal.reason);
    this.#taken.addEventListener(topic, () => resolve(), { once: true, signal });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (this.#link) this.#ask(this.#link, topic);
      await promise;
      return end;
    } catch (error) {
      end();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Asks a new connection for everything. */
  sayTo(link: BrokerLink): void {
    this.#link = link;
    link.listen((topic, payload, { retain, properties }) => {
      const { responseTopic, correlationData } = properties ?? {};
      for (const onMessage of this.#wanted.get(topic) ?? [])
        onMessage({ payload, retained: retain, responseTopic, correlationData });
    });
    for (const topic of this.#wanted.keys()) this.#ask(link, topic);
  }

  #ask(link: BrokerLink, topic: string): void {
    link.subscribe([topic], 1).then(
      () => this.#taken.dispatchEvent(new Event(topic)),
      (error: unknown) => {
        if (!link.ended.aborted) this.#log.warn({ topic, reason: messageOf(error) }, 'not subscribed');
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
