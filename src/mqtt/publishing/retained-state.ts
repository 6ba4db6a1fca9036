import type { BrokerLink } from '../connection/broker-link.ts';
import { PublishError } from '../connection/publish-error.ts';
import type { RefusalLog } from '../connection/refusal-log.ts';

interface Value {
  readonly payload: string;
  readonly qos: 0 | 1;
}

/**
 * Publishes the newest payload of every retained topic: when it changes, and all of them on each new connection, as the broker
 * may have lost them. While one is in progress, newer ones of its topic wait, and only the newest follows.
 */
export class RetainedState {
  readonly #refusals: RefusalLog;
  readonly #busyRetryMs: number;
  readonly #newest = new Map<string, Value>();
  readonly #inProgress = new Set<string>();
  #link: BrokerLink | null = null;
  #retry: NodeJS.Timeout | null = null;

  /** @param busyRetryMs pause after the broker was busy. */
  constructor(refusals: RefusalLog, busyRetryMs: number) {
    this.#refusals = refusals;
    this.#busyRetryMs = busyRetryMs;
  }

  set(topic: string, payload: string, qos: 0 | 1): void {
    this.#newest.set(topic, { payload, qos });
    this.#send(topic);
  }

  /** Publishes all topics over a new connection. */
  publishAll(link: BrokerLink): void {
    this.#link = link;
    this.#inProgress.clear();
    for (const topic of this.#newest.keys()) this.#send(topic);
  }

  close(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#link = null;
  }

  #send(topic: string): void {
    const link = this.#link;
    const value = this.#newest.get(topic);
    if (!link || link.ended.aborted || !value || this.#inProgress.has(topic)) return;
    // A cleared topic is not published again on the next connection.
    if (value.payload === '') this.#newest.delete(topic);
    this.#inProgress.add(topic);
    void link
      .publish({ topic, ...value, retain: true })
      .catch((error) => {
        this.#refusals.log(topic, error);
        if (error instanceof PublishError && error.code === 'busy') this.#retryLater();
      })
      .then(() => {
        if (this.#link !== link) return;
        this.#inProgress.delete(topic);
        const newest = this.#newest.get(topic);
        if (newest && newest !== value) this.#send(topic);
      });
  }

  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      if (this.#link) this.publishAll(this.#link);
    }, this.#busyRetryMs);
  }
}
