import { setTimeout as sleep } from 'node:timers/promises';
import { observationPayload } from '../../contract/payloads.ts';
import { alertPayload } from '../../contract/rule-payloads.ts';
import type { Topics } from '../../contract/topics.ts';
import { messageOf } from '../../domain/errors.ts';
import type { OutboxHealth } from '../../domain/health.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import { PublishError, type PublishFault } from '../connection/publish-error.ts';
import type { RefusalLog } from '../connection/refusal-log.ts';
import type { DeliveryCheckpoint } from './delivery-checkpoint.ts';
import { DeliveryQuarantine } from './delivery-quarantine.ts';
import { alertWithRightTime, type StoredAlert } from './stored-alert.ts';
import { type StoredObservation, withRightTime } from './stored-observation.ts';

interface StoredEntry {
  readonly seq: number;
  readonly id: string;
  readonly camera: string;
  /** What is stored, as JSON. */
  readonly body: string;
}

type Stored = StoredObservation | StoredAlert;

/** The outbox as delivery and publisher use it: see store/outbox. */
export interface ObservationStore {
  readonly id: string;
  readonly replayable: number;
  readonly health: OutboxHealth;
  add(entry: { readonly id: string; readonly camera: string; readonly body: string }): Promise<void>;
  waiting(after: number, limit: number): Promise<readonly StoredEntry[]>;
  newest(): Promise<readonly StoredEntry[]>;
  delivered(seq: number): void;
  sendAgain(after: number): Promise<number>;
}

export interface OutboxDeliveryParts {
  readonly store: ObservationStore;
  readonly topics: Topics;
  /** Whether a camera is configured: it may have been removed since. */
  readonly isConfigured: (camera: string) => boolean;
  /** Takes what was observed before the start, once: the newest observation of each camera. */
  readonly restore: (stored: StoredObservation) => void;
  /** An observation that is older than this when it is sent is late. */
  readonly lateAfterMs: number;
  readonly checkpoint: DeliveryCheckpoint;
  readonly refusals: RefusalLog;
  readonly log: Log;
  /** Time for subscribers to reconnect before entries that the broker lost are sent again. */
  readonly settleMs: number;
  /** Pause after the broker was busy. */
  readonly busyRetryMs: number;
}

const pageSize = 50;
/** Entries sent at a time; their messages are also limited by the broker's receive maximum. */
const maxInProgress = 10;

/** Sends the entries of the outbox, observations and alerts, as a stream, in order, and again those that a broker has lost. */
export class OutboxDelivery {
  readonly #parts: OutboxDeliveryParts;
  readonly #inProgress = new Set<number>();
  readonly #quarantine: DeliveryQuarantine<number>;
  #running: Promise<void> = Promise.resolve();
  /** The broker has acknowledged or refused every entry up to here. */
  #settled = 0;
  #hasRestored = false;
  /** Cameras that have been removed, of which something was sent. */
  readonly #removed = new Set<string>();
  #pausedUntilMs = 0;
  #restart = false;
  #hasNew = false;
  #wakeUp: (() => void) | null = null;

  constructor(parts: OutboxDeliveryParts) {
    this.#parts = parts;
    this.#quarantine = new DeliveryQuarantine<number>(parts.log, (seq) => ({ seq }));
  }

  /** Delivers over a new connection until it ends. */
  deliverTo(link: BrokerLink): void {
    this.#running = this.#running.then(() => this.#run(link));
  }

  /** Call after adding to the outbox. */
  wake(): void {
    this.#hasNew = true;
    this.#wakeUp?.();
  }

  /** Resolves when the delivery over the last connection has ended. */
  async close(): Promise<void> {
    await this.#running;
  }

  async #run(link: BrokerLink): Promise<void> {
    this.#quarantine.newConnection();
    this.#pausedUntilMs = 0;
    this.#restart = false;
    const onEnd = (): void => this.wake();
    link.ended.addEventListener('abort', onEnd, { once: true });
    try {
      await this.#recall(link);
      await this.#sendAll(link);
    } catch (error) {
      if (!link.ended.aborted) throw error;
    } finally {
      link.ended.removeEventListener('abort', onEnd);
      this.#quarantine.connectionEnded(this.#inProgress.size > 0 ? Math.min(...this.#inProgress) : null);
      this.#inProgress.clear();
    }
  }

  /** Finds out which entries the broker has lost, and marks them as waiting again; restores the state at the first time. */
  async #recall(link: BrokerLink): Promise<void> {
    const { store, checkpoint, log, settleMs } = this.#parts;
    this.#settled = 0;
    const newest = this.#hasRestored ? [] : await store.newest();
    if (store.replayable === 0) {
      this.#restore(newest, 0);
      return;
    }
    const startedMs = performance.now();
    const known = await checkpoint.read(link, store.id, settleMs);
    if (link.ended.aborted) return;
    this.#restore(newest, known ?? 0);
    const count = await store.sendAgain(known ?? 0);
    this.#settled = known ?? 0;
    if (count === 0) return;
    log.info({ count, brokerKnows: known }, 'resending entries that the broker may have lost');
    const leftMs = settleMs - (performance.now() - startedMs);
    if (leftMs > 0) await sleep(leftMs, undefined, { signal: link.ended }).catch(() => {});
  }

  #restore(newest: readonly StoredEntry[], known: number): void {
    this.#hasRestored = true;
    // If the disk could not be written before the start, the broker has newer ones.
    if (known > Math.max(...newest.map(({ seq }) => seq))) return;
    // The newest first: of two of a camera, the older one restores what only it says.
    for (const entry of newest.toReversed()) {
      const stored = this.#parse(entry);
      if (stored && 'description' in stored && this.#parts.isConfigured(stored.description.camera))
        this.#parts.restore(stored);
    }
  }

  async #sendAll(link: BrokerLink): Promise<void> {
    let after = 0;
    while (!link.ended.aborted) {
      this.#hasNew = false;
      const entries = await this.#parts.store.waiting(after, pageSize);
      for (const entry of entries) {
        if (this.#inProgress.has(entry.seq) || this.#quarantine.has(entry.seq)) {
          after = entry.seq;
          continue;
        }
        await this.#slot(link);
        if (link.ended.aborted || this.#restart) break;
        after = entry.seq;
        this.#send(link, entry);
      }
      if (this.#restart) {
        this.#restart = false;
        after = 0;
      } else if (entries.length < pageSize && (await this.#idle(link))) after = 0;
    }
  }

  /** Waits until another entry may be sent. */
  async #slot(link: BrokerLink): Promise<void> {
    for (;;) {
      const pausedMs = this.#pausedUntilMs - performance.now();
      const limit = this.#quarantine.isSuspicious ? 1 : maxInProgress;
      if (link.ended.aborted) return;
      if (pausedMs <= 0 && this.#inProgress.size < limit) return;
      await this.#woken(pausedMs > 0 ? pausedMs : null);
    }
  }

  /** Waits for a new entry. @returns whether to start from the oldest again, because a quarantined entry may be retried. */
  async #idle(link: BrokerLink): Promise<boolean> {
    while (!link.ended.aborted && !this.#hasNew && !this.#restart) {
      if (this.#quarantine.release()) return true;
      await this.#woken(this.#quarantine.nextRetryInMs());
    }
    return false;
  }

  #woken(timeoutMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === null ? null : setTimeout(() => this.#wakeUp?.(), timeoutMs);
      this.#wakeUp = () => {
        if (timer) clearTimeout(timer);
        this.#wakeUp = null;
        resolve();
      };
    });
  }

  #send(link: BrokerLink, entry: StoredEntry): void {
    const { seq } = entry;
    const { store, isConfigured, refusals } = this.#parts;
    const stored = this.#parse(entry);
    if (!stored) {
      store.delivered(seq);
      return;
    }
    this.#inProgress.add(seq);
    const { camera, topic, payload } = this.#messageOf(stored);
    if (!isConfigured(camera)) this.#logRemoved(camera);
    void link.publish({ topic, payload, qos: 1, retain: false }).then(
      () => this.#sent(link, seq, null),
      (error: unknown) => {
        refusals.log(topic, error);
        this.#sent(link, seq, error instanceof PublishError ? error.code : 'refused');
      },
    );
  }

  #messageOf(stored: Stored): { readonly camera: string; readonly topic: string; readonly payload: string } {
    const { topics, lateAfterMs } = this.#parts;
    const now = new Date();
    if ('alert' in stored) {
      const alert = alertPayload(alertWithRightTime(stored), now, lateAfterMs);
      return { camera: alert.camera, topic: topics.alert(alert.camera), payload: JSON.stringify(alert) };
    }
    const { description } = withRightTime(stored);
    const payload = JSON.stringify(observationPayload(description, now, lateAfterMs));
    return { camera: description.camera, topic: topics.observation(description.camera), payload };
  }

  /** null, and logged: it cannot be read. */
  #parse({ id, body }: StoredEntry): Stored | null {
    try {
      return JSON.parse(body);
    } catch (error) {
      this.#parts.log.error({ id, reason: messageOf(error) }, 'unreadable outbox entry dropped');
      return null;
    }
  }

  /** mqtt.url may name another broker since, which is not meant to get these. */
  #logRemoved(camera: string): void {
    if (this.#removed.has(camera)) return;
    this.#removed.add(camera);
    const remedy = `to keep them from this broker, stop Scenecast and delete its outbox (store.folder)`;
    this.#parts.log.warn({ camera, remedy }, 'sending descriptions of a camera that is no longer configured');
  }

  /** @param fault why it was not published; null: it was */
  #sent(link: BrokerLink, seq: number, fault: PublishFault | null): void {
    if (link.ended.aborted) {
      if (fault === null) this.#parts.store.delivered(seq);
      return;
    }
    this.#inProgress.delete(seq);
    if (fault === 'busy') {
      this.#pausedUntilMs = performance.now() + this.#parts.busyRetryMs;
      this.#restart = true;
    } else {
      if (fault === null) {
        this.#parts.store.delivered(seq);
        this.#quarantine.forget(seq);
      } else this.#quarantine.refused(seq);
      this.#advance(link, seq);
    }
    this.#wakeUp?.();
  }

  #advance(link: BrokerLink, seq: number): void {
    const { store, checkpoint } = this.#parts;
    this.#settled = Math.max(this.#settled, Math.min(seq, Math.min(...this.#inProgress) - 1));
    checkpoint.advance(link, store.id, this.#settled);
  }
}
