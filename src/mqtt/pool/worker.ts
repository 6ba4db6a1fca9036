import { createHash } from 'node:crypto';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { IPublishPacket } from 'mqtt';
import { errorResponse, okResponse } from '../../contract/requests.ts';
import { workFilter } from '../../contract/topics.ts';
import { type WorkAnswerPayload, workingEveryMs } from '../../contract/work.ts';
import { workDataPayload } from '../../contract/work-payloads.ts';
import { messageOf } from '../../domain/errors.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';
import type { Describer, Log } from '../../pipeline/ports.ts';
import { imageSizeOf } from '../../system/image-file.ts';
import type { BrokerConnection } from '../connection/broker-connection.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { Message } from '../connection/message.ts';
import { PublishError } from '../connection/publish-error.ts';
import { type BrokerAddress, poolConnection, UsableLink } from './connection.ts';
import { maxMessageBytes, type ReplyAddress, WorkError, type WorkItem, WorkMessage } from './message.ts';

export interface PoolWorkerOptions {
  readonly broker: BrokerAddress;
  readonly pool: string;
  /** Name of this board in its answers. */
  readonly device: string;
  readonly describer: Describer;
  /** Text of the prompt for images without one. */
  readonly prompt: string;
  /** Images that the broker may send before one is answered. */
  readonly maxInFlight: number;
  readonly maxImageBytes: number;
  readonly log: Log;
  /** Interval of `working` messages. */
  readonly workingEveryMs?: number;
}

/** An image in progress. */
interface Work {
  readonly item: WorkItem;
  readonly reply: ReplyAddress;
  readonly arrivedAt: number;
  /** Aborted when the image has expired or the worker is closing, with a WorkError as reason. */
  readonly signal: AbortSignal;
}

const closeTimeoutMs = 2000;
/** Attempts to publish an answer, each over a new connection. */
const maxAttempts = 3;
const maxTimerMs = 2 ** 31 - 1;

/**
 * Describes images for other boards, one after another, as a member of a pool: a shared subscription gives each image to one
 * board. An image is acknowledged once the broker has its answer, so that an image of a board that dies stays unacknowledged.
 */
export class PoolWorker {
  readonly #options: PoolWorkerOptions;
  readonly #connection: BrokerConnection;
  readonly #closing = new AbortController();
  /** Received and not answered. */
  readonly #unanswered = new Set<Promise<void>>();
  /** How many of these are being described or wait for the engine. */
  #accepted = 0;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #link = new UsableLink();
  /** Reasons already logged. */
  readonly #logged = new Set<string>();

  constructor(options: PoolWorkerOptions) {
    const { broker, device, maxInFlight, maxImageBytes, log } = options;
    this.#options = options;
    const intake = {
      // One more, so that an image can be refused while the others are being described.
      messages: maxInFlight + 1,
      // Images slightly above the limit are refused with an answer; the broker drops those that would fill the memory.
      packetBytes: 2 * maxMessageBytes(maxImageBytes),
    };
    this.#connection = poolConnection(broker, { clientId: `scenecast-${device}.work`, intake }, log, (link) =>
      this.#connected(link),
    );
  }

  /** @throws ConfigError if a file of the connection (password, certificates) cannot be used. */
  async start(): Promise<void> {
    await this.#connection.start();
  }

  /** Refuses unanswered images, accepts no more, and disconnects; waits at most 4 s. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new WorkError('failed', 'the worker board is stopping; send the image again'));
    const unsubscribed = this.#connection.link?.unsubscribe([workFilter(this.#options.pool)]).catch(() => {});
    const waited = new AbortController();
    await Promise.race([
      Promise.all([unsubscribed, ...this.#unanswered]),
      sleep(closeTimeoutMs, undefined, { signal: waited.signal }).catch(() => {}),
    ]);
    waited.abort();
    await this.#connection.close(null);
  }

  #connected(link: BrokerLink): void {
    const { pool, log } = this.#options;
    this.#link.use(link);
    link.listen((topic, payload, packet) => this.#receive(link, topic, payload, packet));
    const filter = workFilter(pool);
    link.subscribe([filter], 1).then(
      () => log.info({ filter }, 'accepting images for the pool'),
      (error: unknown) => {
        if (!link.ended.aborted)
          log.error({ filter, reason: messageOf(error) }, 'cannot accept images for the pool');
      },
    );
  }

  #receive(link: BrokerLink, topic: string, payload: Buffer, packet: IPublishPacket): void {
    const handled = this.#handle(topic, payload, packet)
      .catch((error) => this.#options.log.error({ topic, reason: messageOf(error) }, 'image not answered'))
      .then(() => {
        this.#unanswered.delete(handled);
        link.acknowledge(packet);
      });
    this.#unanswered.add(handled);
  }

  /** Resolves when the image may be acknowledged. */
  async #handle(topic: string, payload: Buffer, { properties }: IPublishPacket): Promise<void> {
    const { log, pool, maxImageBytes } = this.#options;
    const arrivedAt = performance.now();
    const message = new WorkMessage(payload, properties, maxImageBytes);
    const { reply, replyFault } = message;
    if (!reply) {
      this.#logUnanswerable(topic, replyFault ?? 'it has no response topic');
      return;
    }
    const expired = new AbortController();
    const expiryMs = Math.min(
      (properties?.messageExpiryInterval ?? Number.POSITIVE_INFINITY) * 1000,
      maxTimerMs,
    );
    const expiry = setTimeout(
      () => expired.abort(new WorkError('expired', 'the message expiry interval has passed')),
      expiryMs,
    );
    const signal = AbortSignal.any([expired.signal, this.#closing.signal]);
    try {
      const item = message.read();
      if (item.pool !== null && item.pool !== pool) return;
      await this.#answer(reply, await this.#serve({ item, reply, arrivedAt, signal }));
    } catch (error) {
      const code = error instanceof WorkError ? error.code : 'failed';
      // Faults of senders are in their answers, and must not fill the log.
      log[code === 'failed' ? 'warn' : 'debug'](
        { topic, code, reason: messageOf(error) },
        'image not described',
      );
      await this.#answer(reply, errorResponse({ code, message: messageOf(error) }, reply.transaction));
    } finally {
      clearTimeout(expiry);
    }
  }

  /** @throws WorkError, or the engine's error */
  async #serve(work: Work): Promise<WorkAnswerPayload> {
    const { item, reply } = work;
    const { maxImageBytes } = this.#options;
    const { length } = item.image;
    if (length > maxImageBytes)
      throw new WorkError(
        'invalid',
        `the image has ${length} bytes; this worker board accepts at most ${maxImageBytes}`,
      );
    const mayWait = item.ifBusy === 'wait';
    const isUp = mayWait || (await this.#isEngineUp(work.signal));
    if (!isUp) throw new WorkError('busy', 'the engine of the worker board is restarting');
    if (!mayWait && this.#accepted > 0)
      throw new WorkError('busy', 'the worker board is describing another image');
    this.#accepted++;
    const workingTimer = mayWait ? null : this.#sendWorking(reply);
    const described = this.#turn.then(() => this.#describe(work));
    this.#turn = described.catch(() => {});
    try {
      return await unlessAborted(described, work.signal);
    } catch (error) {
      // `busy` makes the sender try another board; else the abort reason says more than the engine's error.
      if (this.#closing.signal.aborted && !mayWait)
        throw new WorkError('busy', 'the worker board is stopping');
      throw work.signal.aborted ? work.signal.reason : error;
    } finally {
      clearInterval(workingTimer ?? undefined);
      this.#accepted--;
    }
  }

  /** Whether the engine can start at once. */
  async #isEngineUp(signal: AbortSignal): Promise<boolean> {
    const ready = this.#options.describer.ready(signal);
    return Promise.race([ready.then(() => true), setImmediate(false)]);
  }

  async #describe({ item, reply, arrivedAt, signal }: Work): Promise<WorkAnswerPayload> {
    const { describer, device, prompt, log } = this.#options;
    const { id, image, questions, detail } = item;
    signal.throwIfAborted();
    const size = await imageSizeOf(image).catch((cause) => {
      throw new WorkError('invalid', `the image cannot be read: ${messageOf(cause)}`, { cause });
    });
    const queueMs = performance.now() - arrivedAt;
    const request = {
      picture: { bytes: image, size },
      prompt: item.prompt ?? prompt,
      questions,
      ...(detail && { detail }),
    };
    const description = await describer.describe(request, signal);
    const totalMs = performance.now() - arrivedAt;
    log.info({ id, totalMs: Math.round(totalMs), tokens: description.tokens }, 'described for the pool');
    const sha256 = createHash('sha256').update(image).digest('hex');
    const work = { id, worker: device, image: { ...size, sha256 }, description, queueMs, totalMs };
    return okResponse(workDataPayload(work), reply.transaction);
  }

  /** Logs once for each reason, as the sender gets no answer. */
  #logUnanswerable(topic: string, reason: string): void {
    if (this.#logged.has(reason)) return;
    this.#logged.add(reason);
    this.#options.log.warn({ topic, reason }, 'image without a usable response topic ignored');
  }

  /** Sends `working` now, and every few seconds. */
  #sendWorking(reply: ReplyAddress): NodeJS.Timeout {
    const working = {
      status: 'working',
      data: null,
      error: null,
      transaction: reply.transaction ?? null,
    } as const;
    const send = (): void =>
      void this.#connection.link?.publish({ ...messageTo(reply, working), qos: 0 }).catch(() => {});
    send();
    return setInterval(send, this.#options.workingEveryMs ?? workingEveryMs);
  }

  /**
   * Resolves when the broker has acknowledged or refused the answer. If the connection ends first, it is sent over the next,
   * a limited number of times: the broker may have disconnected over the answer itself.
   */
  async #answer(reply: ReplyAddress, payload: WorkAnswerPayload): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const link = await this.#link.next;
      try {
        await link.publish(messageTo(reply, payload));
        return;
      } catch (error) {
        const wasLost = error instanceof PublishError && error.code === 'lost';
        if (wasLost && attempt < maxAttempts && !this.#closing.signal.aborted) continue;
        this.#options.log.warn({ topic: reply.topic, reason: messageOf(error) }, 'answer not published');
        return;
      }
    }
  }
}

function messageTo({ topic, correlationData }: ReplyAddress, payload: WorkAnswerPayload): Message {
  return {
    topic,
    payload: JSON.stringify(payload),
    qos: 1,
    retain: false,
    ...(correlationData && { properties: { correlationData } }),
  };
}
