import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { topicsOf } from '../../contract/topics.ts';
import {
  type WorkAnswerPayload,
  type WorkItemPayload,
  workAnswerSchema,
  workingEveryMs,
} from '../../contract/work.ts';
import { descriptionOfWork, workQuestionsPayload } from '../../contract/work-payloads.ts';
import { EngineError, ExpiredError, messageOf } from '../../domain/errors.ts';
import type { Description } from '../../domain/observation.ts';
import { unlessAborted } from '../../domain/unless-aborted.ts';
import type { DescribeRequest, Describer, Log } from '../../pipeline/ports.ts';
import { imageFileOf, imageTypeOf } from '../../system/image-file.ts';
import type { BrokerConnection } from '../connection/broker-connection.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { Message } from '../connection/message.ts';
import { PublishError } from '../connection/publish-error.ts';
import { type BrokerAddress, poolConnection, UsableLink } from './connection.ts';
import { PendingImage } from './pending-image.ts';

export interface PoolDescriberOptions {
  readonly broker: BrokerAddress;
  readonly device: string;
  /** null: any pool. */
  readonly pool: string | null;
  /** Maximum number of frames with the pool at once. */
  readonly concurrency: number;
  /** A frame that the pool has not described within this time goes to the fallback, or expires. */
  readonly deadlineMs: number;
  /** The own engine; null: none. */
  readonly fallback: Describer | null;
  readonly log: Log;
  /** An image about which no worker board reported for this long is sent again. */
  readonly silenceMs?: number;
}

const defaultSilenceMs = 3 * workingEveryMs + 1000;
/** Maximum pause after all boards of the pool were busy. */
const maxPauseMs = 500;
/** Pause after the broker said that no board has subscribed. */
const emptyPauseMs = 1000;

/**
 * A describer backed by a pool of worker boards. It keeps each image until it is answered: a busy board refuses it, and the
 * image is sent to the next; if a board falls silent, the image is sent again. Brokers guarantee neither: some give a slow
 * board as many images as a fast one, and lose those of a board that is gone.
 */
export class PoolDescriber implements Describer {
  readonly concurrency: number;
  readonly #options: PoolDescriberOptions;
  readonly #connection: BrokerConnection;
  readonly #topics: ReturnType<typeof topicsOf>;
  readonly #pending = new Map<string, PendingImage>();
  readonly #closing = new AbortController();
  /** The connection, once it has subscribed to answers. */
  readonly #link = new UsableLink();
  /** Wakes the requests that found every board busy, in order. */
  readonly #waiting: (() => void)[] = [];
  /** When a board last answered. */
  #lastAnswerMs = Number.NEGATIVE_INFINITY;
  /** A frame missed its deadline, and no board answered in that time. */
  #isPoolSilent = false;
  /** The broker has said that no board has subscribed, and none has answered since. */
  #isPoolEmpty = false;

  constructor(options: PoolDescriberOptions) {
    const { broker, device, concurrency, log } = options;
    this.#options = options;
    this.concurrency = concurrency;
    this.#topics = topicsOf(device);
    this.#connection = poolConnection(broker, { clientId: `scenecast-${device}.pool` }, log, (link) =>
      this.#connected(link),
    );
  }

  /** @throws ConfigError if a file of the connection (password, certificates) cannot be used. */
  async start(): Promise<void> {
    await this.#connection.start();
  }

  async close(): Promise<void> {
    this.#closing.abort(new EngineError('CANCELLED', 'Scenecast is stopping'));
    await this.#connection.close(null);
  }

  /** Resolves at once: the deadline covers a pool that is away. */
  async ready(): Promise<void> {}

  /** Without a fallback: rejects with an ExpiredError after the deadline, with an EngineError if a worker board failed. */
  async describe(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    const { deadlineMs, silenceMs = defaultSilenceMs, fallback, log } = this.#options;
    const startMs = performance.now();
    // If the pool is away, the own engine must not wait a whole deadline for every frame.
    const waitMs = fallback && this.#isPoolSilent ? Math.min(silenceMs, deadlineMs) : deadlineMs;
    const expiry = new AbortController();
    const timer = setTimeout(() => {
      if (this.#lastAnswerMs < startMs) this.#isPoolSilent = true;
      expiry.abort(new ExpiredError(`no board of the pool described it within ${waitMs} ms`));
    }, waitMs);
    const ended = AbortSignal.any([signal, expiry.signal, this.#closing.signal]);
    try {
      return await this.#ask(request, startMs + waitMs, ended);
    } catch (error) {
      const cause = ended.aborted ? ended.reason : error;
      if (!fallback || signal.aborted || this.#closing.signal.aborted) throw cause;
      log.warn(
        { ...request.frame, reason: messageOf(cause) },
        'not described by the pool; using the own engine',
      );
    } finally {
      clearTimeout(timer);
    }
    return fallback.describe(request, signal);
  }

  async #ask(request: DescribeRequest, deadline: number, signal: AbortSignal): Promise<Description> {
    const { silenceMs = defaultSilenceMs, fallback, log } = this.#options;
    const image = await imageFileOf(request.picture);
    const pending = new PendingImage(randomUUID());
    this.#pending.set(pending.key, pending);
    try {
      for (let refusals = 0; ; ) {
        const attempt = pending.nextAttempt();
        if (!(await this.#send(this.#messageOf(request, image, attempt, deadline), signal))) {
          this.#logEmpty();
          // The own engine need not wait for a pool without boards.
          if (fallback) throw new ExpiredError('no worker board has subscribed');
          await sleep(emptyPauseMs, undefined, { signal });
          continue;
        }
        const answer = await pending.answer(silenceMs, signal);
        if (answer?.status === 'ok') return descriptionOfWork(answer.data);
        if (answer && answer.error.code !== 'busy')
          throw answer.error.code === 'expired'
            ? new ExpiredError(`pool: ${answer.error.message}`)
            : new EngineError('POOL', `worker board: ${answer.error.message}`);
        if (answer) await this.#pause(refusals++, signal);
        else
          log.debug(
            { ...request.frame, attempt, silenceMs },
            'no worker board reported; sending the image again',
          );
      }
    } finally {
      this.#pending.delete(pending.key);
    }
  }

  /**
   * Sends over the current or next connection; resolves when the broker has acknowledged it.
   * @returns false if the broker says that no board has subscribed
   */
  async #send(message: Message, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const link = await unlessAborted(this.#link.next, signal);
      let isHeard = true;
      const onUnheard = (): void => {
        isHeard = false;
      };
      try {
        await unlessAborted(link.publish({ ...message, onUnheard }), signal);
        return isHeard;
      } catch (error) {
        signal.throwIfAborted();
        const fault = error instanceof PublishError ? error.code : null;
        if (fault === 'busy') await this.#pause(Number.POSITIVE_INFINITY, signal);
        else if (fault !== 'lost')
          throw new EngineError('POOL', `the image cannot be sent to the pool: ${messageOf(error)}`, {
            cause: error,
          });
      }
    }
  }

  #messageOf(
    { frame, prompt, questions, detail }: DescribeRequest,
    image: Buffer,
    attempt: string,
    deadline: number,
  ): Message {
    const { pool } = this.#options;
    return {
      topic: this.#topics.workItem(frame?.camera ?? 'request'),
      qos: 1,
      retain: false,
      ...workMessageOf(
        image,
        {
          id: frame?.id ?? ulid(),
          ...(prompt !== null && { prompt }),
          ...(questions.length > 0 && { questions: workQuestionsPayload(questions) }),
          ...(detail && { detail }),
          ...(pool !== null && { pool }),
          if_busy: 'refuse',
        },
        {
          responseTopic: this.#topics.response('work'),
          correlationData: Buffer.from(attempt),
          messageExpiryInterval: Math.max(1, Math.ceil((deadline - performance.now()) / 1000)),
        },
      ),
    };
  }

  /** Waits until a board has answered, or for a time that grows with the number of consecutive refusals. */
  async #pause(refusals: number, signal: AbortSignal): Promise<void> {
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const waited = new AbortController();
    const ms = Math.min(maxPauseMs, 2 ** refusals) * (0.5 + Math.random() / 2);
    this.#waiting.push(resolve);
    const ended = AbortSignal.any([signal, waited.signal]);
    await Promise.race([answered, sleep(ms, undefined, { signal: ended }).catch(() => {})]);
    waited.abort();
    const place = this.#waiting.indexOf(resolve);
    if (place >= 0) this.#waiting.splice(place, 1);
    signal.throwIfAborted();
  }

  #logEmpty(): void {
    if (this.#isPoolEmpty) return;
    this.#isPoolEmpty = true;
    const { pool, log } = this.#options;
    log.warn(
      { pool, remedy: 'start a worker board (work.pool) on this broker' },
      'no worker board has subscribed',
    );
  }

  #connected(link: BrokerLink): void {
    const { log } = this.#options;
    const topic = this.#topics.response('work');
    link.listen((_topic, payload, { properties }) => this.#receive(payload, properties?.correlationData));
    link.subscribe([topic], 1).then(
      () => {
        log.info({ topic }, 'sending to the pool');
        this.#link.use(link);
      },
      (error: unknown) => {
        if (!link.ended.aborted)
          log.error({ topic, reason: messageOf(error) }, 'cannot receive answers from the pool');
      },
    );
  }

  #receive(payload: Buffer, correlationData: Buffer | undefined): void {
    const attempt = correlationData?.toString() ?? '';
    const pending = this.#pending.get(PendingImage.keyOf(attempt));
    // Already answered, or not ours.
    if (!pending) return;
    let answer: WorkAnswerPayload;
    try {
      answer = workAnswerSchema.parse(JSON.parse(payload.toString()));
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'invalid answer from the pool');
      return;
    }
    this.#lastAnswerMs = performance.now();
    this.#isPoolSilent = false;
    this.#isPoolEmpty = false;
    pending.receive(attempt, answer);
    // The board that has answered is free.
    if (answer.status === 'ok') this.#waiting.shift()?.();
  }
}

/**
 * An image file with user properties, or one JSON payload if the values do not fit in properties: mosquitto disconnects over
 * a line break in a property.
 */
function workMessageOf(
  image: Buffer,
  asked: Omit<WorkItemPayload, 'schema' | 'image'>,
  properties: NonNullable<Message['properties']>,
): Pick<Message, 'payload' | 'properties'> {
  const texts = Object.entries(asked).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const maxPropertyBytes = 65_535;
  if (texts.some(([, text]) => /\p{Cc}/u.test(text) || Buffer.byteLength(text) > maxPropertyBytes)) {
    const payload = JSON.stringify({ schema: 1, ...asked, image: image.toString('base64') });
    return { payload, properties: { ...properties, contentType: 'application/json' } };
  }
  const contentType = imageTypeOf(image) ?? 'image/jpeg';
  return {
    payload: image,
    properties: { ...properties, contentType, userProperties: Object.fromEntries(texts) },
  };
}
