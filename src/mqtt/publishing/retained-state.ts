import type { BrokerLink } from '../connection/broker-link.ts';
import { PublishError } from '../connection/publish-error.ts';
import type { RefusalLog } from '../connection/refusal-log.ts';

interface Value {
  readonly payload: string;
  readonly qos: 0 | 1;
}

/**
 * The newest payload of every retained topic: said when it changes, and all of them to each new connection, as the broker may
 * have lost its memory. While one is under way, newer ones of its topic wait, and only the newest follows.
 */
export class RetainedState {
  readonly #refusals: RefusalLog;
  readonly #busyRetryMs: number;
  readonly #newest = new Map<string, Value>();
  readonly #underWay = new Set<string>();
  #link: BrokerLink | null = null;
  #retry: NodeJS.Timeout | null = null;

  /** @param busyRetryMs a broker that is too busy for a topic's value is asked again after so long. */
  constructor(refusals: RefusalLog, busyRetryMs: number) {
    this.#refusals = refusals;
    this.#busyRetryMs = busyRetryMs;
  }

  set(topic: string, payload: string, qos: 0 | 1): void {
    this.#newest.set(topic, { payload, qos });
    this.#send(topic);
  }

  /** Says everything to a new connection. */
  sayTo(link: BrokerLink): void {
    this.#link = link;
    this.#underWay.clear();
    for (const topic of this.#newest.keys()) this.#send(topic);
  }

  close(): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#link = null;
  }

  #send(topic: string): void {
    const link = this.#link;
    const value = this.#newest.get(topic);
    if (!link || link.ended.aborted || !value || this.#underWay.has(topic)) return;
    // Cleared is cleared: a new connection need not hear of it.
    if (value.payload === '') this.#newest.delete(topic);
    this.#underWay.add(topic);
    void link
      .publish({ topic, ...value, retain: true })
      .catch((error) => {
        this.#refusals.tell(topic, error);
        if (error instanceof PublishError && error.fault === 'busy') this.#retryLater();
      })
      .then(() => {
        if (this.#link !== link) return;
        this.#underWay.delete(topic);
        const newest = this.#newest.get(topic);
        if (newest && newest !== value) this.#send(topic);
      });
  }

  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      if (this.#link) this.sayTo(this.#link);
    }, this.#busyRetryMs);
  }
}
