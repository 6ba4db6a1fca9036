import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import { PublishError } from '../connection/publish-error.ts';
import type { RefusalLog } from '../connection/refusal-log.ts';
import { DeliveryQuarantine } from './delivery-quarantine.ts';

interface Value {
  readonly topic: string;
  /** A function is called each time that it is sent. */
  readonly payload: string | (() => string);
  readonly qos: 0 | 1;
}

export interface RetainedStateParts {
  readonly refusals: RefusalLog;
  readonly log: Log;
  /** Pause after the broker was busy. */
  readonly busyRetryMs: number;
  /** On a new connection it is sent after all others. */
  readonly lastTopic: string;
}

/**
 * Publishes the newest payload of every retained topic: when it changes, and all of them on each new connection, as the broker
 * may have lost them. While one is in progress, newer ones of its topic wait, and only the newest follows.
 */
export class RetainedState {
  readonly #parts: RetainedStateParts;
  readonly #quarantine: DeliveryQuarantine<Value>;
  readonly #newest = new Map<string, Value>();
  /** Topics whose newest value has not been sent over this connection. */
  readonly #unsent = new Set<string>();
  /** By topic, oldest first. */
  readonly #inProgress = new Map<string, Value>();
  #link: BrokerLink | null = null;
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;
  #onSettled: (() => void) | null = null;

  constructor(parts: RetainedStateParts) {
    this.#parts = parts;
    this.#quarantine = new DeliveryQuarantine(parts.log, ({ topic }) => ({ topic }));
  }

  set(topic: string, payload: Value['payload'], qos: 0 | 1): void {
    const before = this.#newest.get(topic);
    if (before) this.#quarantine.forget(before);
    this.#newest.set(topic, { topic, payload, qos });
    this.#unsent.add(topic);
    this.#sendUnsent();
  }

  /** Publishes all topics over a new connection. Resolves when each is acknowledged or refused, or the connection ends. */
  async publishAll(link: BrokerLink): Promise<void> {
    if (this.#isClosed || link.ended.aborted) return;
    this.#link = link;
    this.#inProgress.clear();
    const settled = new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
    link.ended.addEventListener('abort', () => this.#ended(link), { once: true });
    this.#resend();
    await settled;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retry) clearTimeout(this.#retry);
    this.#link = null;
    this.#onSettled?.();
  }

  #resend(): void {
    const { lastTopic } = this.#parts;
    this.#unsent.clear();
    for (const topic of this.#newest.keys()) if (topic !== lastTopic) this.#unsent.add(topic);
    if (this.#newest.has(lastTopic)) this.#unsent.add(lastTopic);
    const retryInMs = this.#quarantine.nextRetryInMs();
    if (retryInMs !== null) this.#resendLater(retryInMs);
    this.#sendUnsent();
  }

  #ended(link: BrokerLink): void {
    if (this.#link !== link) return;
    this.#link = null;
    const [oldest] = this.#inProgress.values();
    this.#quarantine.connectionEnded(oldest ?? null);
    this.#onSettled?.();
  }

  #sendUnsent(): void {
    if (!this.#link) return;
    for (const topic of this.#unsent) {
      if (this.#quarantine.isSuspicious && this.#inProgress.size > 0) return;
      if (this.#inProgress.has(topic)) continue;
      this.#unsent.delete(topic);
      const value = this.#newest.get(topic)!;
      if (!this.#quarantine.has(value)) this.#send(value, this.#link);
    }
    if (this.#unsent.size === 0 && this.#inProgress.size === 0) this.#onSettled?.();
  }

  #send(value: Value, link: BrokerLink): void {
    const { topic, qos } = value;
    const payload = typeof value.payload === 'string' ? value.payload : value.payload();
    // A cleared topic is not published again on the next connection.
    if (payload === '') this.#newest.delete(topic);
    this.#inProgress.set(topic, value);
    void link
      .publish({ topic, payload, qos, retain: true })
      .then(
        () => this.#quarantine.forget(value),
        (error) => {
          this.#parts.refusals.log(topic, error);
          if (error instanceof PublishError && error.code === 'busy')
            this.#resendLater(this.#parts.busyRetryMs);
        },
      )
      .then(() => {
        if (this.#link !== link) return;
        this.#inProgress.delete(topic);
        this.#sendUnsent();
      });
  }

  #resendLater(afterMs: number): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#quarantine.release();
      if (this.#link) this.#resend();
    }, afterMs);
  }
}
