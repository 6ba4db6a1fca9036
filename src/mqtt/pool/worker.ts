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
import type { BrokerConnection } from '../connection/broker-connection.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { Message } from '../connection/message.ts';
import { PublishError } from '../connection/publish-error.ts';
import { type BrokerAddress, poolConnection, UsableLink } from './connection.ts';
import { imageSizeOf } from './image.ts';
import { largestMessageBytes, type ReplyAddress, WorkError, type WorkItem, WorkMessage } from './message.ts';

export interface PoolWorkerOptions {
  readonly broker: BrokerAddress;
  readonly pool: string;
  /** Whose answers they are. */
  readonly device: string;
  readonly describer: Describer;
  /** What images without a prompt are asked, in words. */
  readonly prompt: string;
  /** How many images the broker may give it before one has been answered. */
  readonly maxInFlight: number;
  readonly maxImageBytes: number;
  readonly log: Log;
  /** How often it says that it is at an image. */
  readonly workingEveryMs?: number;
}

/** One image on its way through. */
interface Work {
  readonly item: WorkItem;
  readonly reply: ReplyAddress;
  readonly arrivedAt: number;
  /** Aborted when the image is no longer wanted; the reason says why. */
  readonly signal: AbortSignal;
}

const goodbyeMs = 2000;
/** Connections that may end over one answer. */
const mostAttempts = 3;
const longestTimerMs = 2 ** 31 - 1;

/**
 * Describes images for other boards, one after another, as one of a pool: a shared subscription gives each image to one
 * board. An image is acknowledged once its answer is with the broker, so that one whose board dies was never taken.
 */
export class PoolWorker {
  readonly #options: PoolWorkerOptions;
  readonly #connection: BrokerConnection;
  readonly #closing = new AbortController();
  /** What has been taken and not answered. */
  readonly #inHand = new Set<Promise<void>>();
  /** Of these, how many are for the engine. */
  #atWork = 0;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #link = new UsableLink();
  /** Why images could not be answered. */
  readonly #told = new Set<string>();

  constructor(options: PoolWorkerOptions) {
    const { broker, device, maxInFlight, maxImageBytes, log } = options;
    this.#options = options;
    const intake = {
      // One more, so that an image can be refused while the others are at work.
      messages: maxInFlight + 1,
      // What is a little too large is refused with an answer; the broker keeps off what would fill the memory.
      packetBytes: 2 * largestMessageBytes(maxImageBytes),
    };
    this.#connection = poolConnection(broker, { clientId: `scenecast-${device}.work`, intake }, log, (link) =>
      this.#connected(link),
    );
  }

  /** @throws ConfigError where a file of the connection (password, certificates) cannot be used. */
  async start(): Promise<void> {
    await this.#connection.start();
  }

  /** Gives back what it has not answered, takes nothing more, and disconnects; waits 4 s at most. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new WorkError('failed', 'the worker is stopping; send the image again'));
    const unsubscribed = this.#connection.link?.unsubscribe([workFilter(this.#options.pool)]).catch(() => {});
    const waited = new AbortController();
    await Promise.race([
      Promise.all([unsubscribed, ...this.#inHand]),
      sleep(goodbyeMs, undefined, { signal: waited.signal }).catch(() => {}),
    ]);
    waited.abort();
    await this.#connection.close(null);
  }

  #connected(link: BrokerLink): void {
    const { pool, log } = this.#options;
    this.#link.use(link);
    link.listen((topic, payload, packet) => this.#take(link, topic, payload, packet));
    const filter = workFilter(pool);
    link.subscribe([filter], 1).then(
      () => log.info({ filter }, 'taking images for the pool'),
      (error: unknown) => {
        if (!link.ended.aborted)
          log.error({ filter, reason: messageOf(error) }, 'no images can be taken for the pool');
      },
    );
  }

  #take(link: BrokerLink, topic: string, payload: Buffer, packet: IPublishPacket): void {
    const handled = this.#handle(topic, payload, packet)
      .catch((error) =>
        this.#options.log.error({ topic, reason: messageOf(error) }, 'an image was not answered'),
      )
      .then(() => {
        this.#inHand.delete(handled);
        link.acknowledge(packet);
      });
    this.#inHand.add(handled);
  }

  /** Resolves when the image may be acknowledged. */
  async #handle(topic: string, payload: Buffer, { properties }: IPublishPacket): Promise<void> {
    const { log, pool, maxImageBytes } = this.#options;
    const arrivedAt = performance.now();
    const message = new WorkMessage(payload, properties, maxImageBytes);
    const { reply, replyFault } = message;
    if (!reply) {
      this.#tellUnanswerable(topic, replyFault ?? 'it names no response topic');
      return;
    }
    const wanted = new AbortController();
    const expiryMs = Math.min(
      (properties?.messageExpiryInterval ?? Number.POSITIVE_INFINITY) * 1000,
      longestTimerMs,
    );
    const expiry = setTimeout(() => wanted.abort(new WorkError('expired', 'its time was over')), expiryMs);
    const signal = AbortSignal.any([wanted.signal, this.#closing.signal]);
    try {
      const item = message.read();
      if (item.pool !== null && item.pool !== pool) return;
      await this.#answer(reply, await this.#serve({ item, reply, arrivedAt, signal }));
    } catch (error) {
      const code = error instanceof WorkError ? error.code : 'failed';
      // What the sender did wrong is in its answer; it must not fill the log.
      log[code === 'failed' ? 'warn' : 'debug'](
        { topic, code, reason: messageOf(error) },
        'an image was not described',
      );
      await this.#answer(reply, errorResponse({ code, message: messageOf(error) }, reply.transaction));
    } finally {
      clearTimeout(expiry);
    }
  }

  /** @throws WorkError, or whatever the engine has thrown */
  async #serve(work: Work): Promise<WorkAnswerPayload> {
    const { item, reply } = work;
    const { maxImageBytes } = this.#options;
    const { length } = item.image;
    if (length > maxImageBytes)
      throw new WorkError(
        'invalid',
        `the image has ${length} bytes; this worker takes at most ${maxImageBytes}`,
      );
    const mayWait = item.ifBusy === 'wait';
    const isUp = mayWait || (await this.#isEngineUp(work.signal));
    if (!isUp) throw new WorkError('busy', "the worker's engine is being started anew");
    if (!mayWait && this.#atWork > 0) throw new WorkError('busy', 'the worker is at another image');
    this.#atWork++;
    const telling = mayWait ? null : this.#tellWorking(reply);
    const described = this.#turn.then(() => this.#describe(work));
    this.#turn = described.catch(() => {});
    try {
      return await unlessAborted(described, work.signal);
    } catch (error) {
      // What cut it short says more than that it was cut short. Who watches over an image finds it another board.
      if (this.#closing.signal.aborted && !mayWait) throw new WorkError('busy', 'the worker is stopping');
      throw work.signal.aborted ? work.signal.reason : error;
    } finally {
      clearInterval(telling ?? undefined);
      this.#atWork--;
    }
  }

  /** Whether the engine could begin at once. */
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

  /** Once for each reason: nobody else hears of it. */
  #tellUnanswerable(topic: string, reason: string): void {
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#options.log.warn({ topic, reason }, 'an image that cannot be answered');
  }

  /** Says now, and every few seconds, that an image is being described. */
  #tellWorking(reply: ReplyAddress): NodeJS.Timeout {
    const working = {
      status: 'working',
      data: null,
      error: null,
      transaction: reply.transaction ?? null,
    } as const;
    const tell = (): void =>
      void this.#connection.link?.publish({ ...messageTo(reply, working), qos: 0 }).catch(() => {});
    tell();
    return setInterval(tell, this.#options.workingEveryMs ?? workingEveryMs);
  }

  /**
   * Resolves when the broker has the answer, or will not have it. If the connection ends first, it goes over the next; but a
   * broker may hang up over the answer itself, as over a topic that it cannot bear.
   */
  async #answer(reply: ReplyAddress, payload: WorkAnswerPayload): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const link = await this.#link.next;
      try {
        await link.publish(messageTo(reply, payload));
        return;
      } catch (error) {
        const wasLost = error instanceof PublishError && error.fault === 'lost';
        if (wasLost && attempt < mostAttempts && !this.#closing.signal.aborted) continue;
        this.#options.log.warn(
          { topic: reply.topic, reason: messageOf(error) },
          'an answer was not published',
        );
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
