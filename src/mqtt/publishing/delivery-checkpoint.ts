import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { RefusalLog } from '../connection/refusal-log.ts';

/** How much of an outbox a broker has: all entries up to `seq` were published before this mark. */
export const deliveryCheckpointSchema = z.strictObject({
  outbox: z.string().describe('Id of the outbox that numbers the entries'),
  seq: z.int().min(0),
});

/** At most one mark is written in this time. */
const writeEveryMs = 200;

/**
 * A retained topic that shows which entries a broker still has. The mark is written after the entries that it counts, so a
 * broker that has the mark has them too; one that was restored from an older state has an older mark, or none.
 */
export class DeliveryCheckpoint {
  readonly #topic: string;
  readonly #refusals: RefusalLog;
  readonly #log: Log;
  #wanted: { readonly link: BrokerLink; readonly outboxId: string; readonly seq: number } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #hasLoggedUnreadable = false;

  constructor(topic: string, refusals: RefusalLog, log: Log) {
    this.#topic = topic;
    this.#refusals = refusals;
    this.#log = log;
  }

  /** The number of the last entry of this outbox that the broker has; null: no mark of it within the time. */
  async read(link: BrokerLink, outboxId: string, timeoutMs: number): Promise<number | null> {
    const { promise: found, resolve } = Promise.withResolvers<number | null>();
    const stopListening = link.listen((topic, payload) => {
      if (topic === this.#topic) resolve(seqOf(payload, outboxId));
    });
    const over = new AbortController();
    const signal = AbortSignal.any([link.ended, over.signal]);
    try {
      await link.subscribe([this.#topic], 1);
      return await Promise.race([found, sleep(timeoutMs, null, { signal }).catch(() => null)]);
    } catch (error) {
      if (!link.ended.aborted) this.#logUnreadable(error);
      return null;
    } finally {
      over.abort();
      stopListening();
      if (!link.ended.aborted) await link.unsubscribe([this.#topic]).catch(() => {});
    }
  }

  /** Schedules the mark: at once, or soon after the last one. */
  advance(link: BrokerLink, outboxId: string, seq: number): void {
    this.#wanted = { link, outboxId, seq };
    if (this.#timer) return;
    this.#write();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#write();
    }, writeEveryMs);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    // An outdated mark would cause entries to be sent again at the next start.
    this.#write();
  }

  #write(): void {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (!wanted || wanted.link.ended.aborted) return;
    const payload = JSON.stringify({ outbox: wanted.outboxId, seq: wanted.seq });
    wanted.link
      .publish({ topic: this.#topic, payload, qos: 1, retain: true })
      .catch((error) => this.#refusals.log(this.#topic, error));
  }

  #logUnreadable(error: unknown): void {
    if (this.#hasLoggedUnreadable) return;
    this.#hasLoggedUnreadable = true;
    this.#log.warn(
      { topic: this.#topic, reason: messageOf(error) },
      'outbox mark not readable; entries are sent again after each connect (allow this client to read the topic)',
    );
  }
}

function seqOf(payload: Buffer, outboxId: string): number | null {
  try {
    const mark = deliveryCheckpointSchema.parse(JSON.parse(payload.toString('utf8')));
    return mark.outbox === outboxId ? mark.seq : null;
  } catch {
    return null;
  }
}
