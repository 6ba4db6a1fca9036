import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../../domain/errors.ts';
import type { Log } from '../../pipeline/ports.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { RefusalLog } from '../connection/refusal-log.ts';

/** How far a broker has come with an outbox: all entries up to `seq` were published before this was. */
export const deliveryCheckpointSchema = z.strictObject({
  outbox: z.string().describe('Names the outbox whose entries are numbered'),
  seq: z.int().min(0),
});

/** At most one mark in this time, for however many entries. */
const writeEveryMs = 200;

/**
 * A retained topic by which a broker tells what it still knows. It was written after the entries that it counts, so a
 * broker that remembers it remembers them; one that was restored from an older state, or from none, shows an older mark, or none.
 */
export class DeliveryCheckpoint {
  readonly #topic: string;
  readonly #refusals: RefusalLog;
  readonly #log: Log;
  #wanted: { readonly link: BrokerLink; readonly outboxId: string; readonly seq: number } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #toldUnreadable = false;

  constructor(topic: string, refusals: RefusalLog, log: Log) {
    this.#topic = topic;
    this.#refusals = refusals;
    this.#log = log;
  }

  /** The number of the last entry of this outbox that the broker remembers; null: no mark of it comes within the time. */
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
      if (!link.ended.aborted) this.#tellUnreadable(error);
      return null;
    } finally {
      over.abort();
      stopListening();
      if (!link.ended.aborted) await link.unsubscribe([this.#topic]).catch(() => {});
    }
  }

  /** Has the mark written: at once, or soon after the last. */
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
    // A mark that is left behind would have entries sent again at the next start.
    this.#write();
  }

  #write(): void {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (!wanted || wanted.link.ended.aborted) return;
    const payload = JSON.stringify({ outbox: wanted.outboxId, seq: wanted.seq });
    wanted.link
      .publish({ topic: this.#topic, payload, qos: 1, retain: true })
      .catch((error) => this.#refusals.tell(this.#topic, error));
  }

  #tellUnreadable(error: unknown): void {
    if (this.#toldUnreadable) return;
    this.#toldUnreadable = true;
    this.#log.warn(
      { topic: this.#topic, reason: messageOf(error) },
      'what the broker remembers cannot be read, so all that it may have lost is sent again after each connect; let this client read the topic',
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
