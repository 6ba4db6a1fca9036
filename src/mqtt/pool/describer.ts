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
import type { BrokerConnection } from '../connection/broker-connection.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { Message } from '../connection/message.ts';
import { PublishError } from '../connection/publish-error.ts';
import { type BrokerAddress, poolConnection, UsableLink } from './connection.ts';
import { imageFileOf, imageTypeOf } from './image.ts';
import { Inquiry } from './pending-image.ts';

export interface PoolDescriberOptions {
  readonly broker: BrokerAddress;
  readonly device: string;
  /** null: any. */
  readonly pool: string | null;
  /** How many frames may be on their way at once. */
  readonly concurrency: number;
  /** A frame that the pool has not described within this time is described here, or has expired. */
  readonly deadlineMs: number;
  /** The board's own engine; null: none. */
  readonly fallback: Describer | null;
  readonly log: Log;
  /** A worker that has said nothing of an image for so long is given up, and the image sent again. */
  readonly silenceMs?: number;
}

const defaultSilenceMs = 3 * workingEveryMs + 1000;
/** Where every board of the pool is busy: the longest wait before they are asked again. */
const longestPauseMs = 500;

/**
 * An engine that is a pool of worker boards. It keeps each image until it is answered: a board that is busy says so, and
 * the image goes to the next; one that falls silent is given up, and the image is sent again. Brokers promise neither:
 * some give a slow board as many images as a fast one, and lose those of a board that is gone.
 */
export class PoolDescriber implements Describer {
  readonly concurrency: number;
  readonly #options: PoolDescriberOptions;
  readonly #connection: BrokerConnection;
  readonly #topics: ReturnType<typeof topicsOf>;
  readonly #inquiries = new Map<string, Inquiry>();
  readonly #closing = new AbortController();
  /** On which answers are heard. */
  readonly #link = new UsableLink();
  /** Those that found every board busy, in the order in which they may ask again. */
  readonly #waiting: (() => void)[] = [];
  /** When a board was last heard of. */
  #heardMs = Number.NEGATIVE_INFINITY;
  /** A frame has waited in vain, and no board was heard of in that time. */
  #isPoolSilent = false;

  constructor(options: PoolDescriberOptions) {
    const { broker, device, concurrency, log } = options;
    this.#options = options;
    this.concurrency = concurrency;
    this.#topics = topicsOf(device);
    this.#connection = poolConnection(broker, { clientId: `scenecast-${device}.pool` }, log, (link) =>
      this.#connected(link),
    );
  }

  /** @throws ConfigError where a file of the connection (password, certificates) cannot be used. */
  async start(): Promise<void> {
    await this.#connection.start();
  }

  async close(): Promise<void> {
    this.#closing.abort(new EngineError('CANCELLED', 'Scenecast is stopping'));
    await this.#connection.close(null);
  }

  /** At once: a pool that is away is what the deadline is for. */
  async ready(): Promise<void> {}

  /** Rejects with an ExpiredError past the deadline, and with an EngineError where a worker could not; without a fallback. */
  async describe(request: DescribeRequest, signal: AbortSignal): Promise<Description> {
    const { deadlineMs, silenceMs = defaultSilenceMs, fallback, log } = this.#options;
    const startMs = performance.now();
    // The own engine must not wait a whole deadline at every frame for a pool that is away.
    const waitMs = fallback && this.#isPoolSilent ? Math.min(silenceMs, deadlineMs) : deadlineMs;
    const late = new AbortController();
    const timer = setTimeout(() => {
      if (this.#heardMs < startMs) this.#isPoolSilent = true;
      late.abort(new ExpiredError(`no board of the pool described it within ${waitMs} ms`));
    }, waitMs);
    const ended = AbortSignal.any([signal, late.signal, this.#closing.signal]);
    try {
      return await this.#ask(request, startMs + waitMs, ended);
    } catch (error) {
      const cause = ended.aborted ? ended.reason : error;
      if (!fallback || signal.aborted || this.#closing.signal.aborted) throw cause;
      log.warn({ ...request.frame, reason: messageOf(cause) }, "the board's own engine describes it");
    } finally {
      clearTimeout(timer);
    }
    return fallback.describe(request, signal);
  }

  async #ask(request: DescribeRequest, deadline: number, signal: AbortSignal): Promise<Description> {
    const { silenceMs = defaultSilenceMs, log } = this.#options;
    const image = await imageFileOf(request.picture);
    const inquiry = new Inquiry(randomUUID());
    this.#inquiries.set(inquiry.key, inquiry);
    try {
      for (let refusals = 0; ; ) {
        const attempt = inquiry.nextAttempt();
        await this.#send(this.#messageOf(request, image, attempt, deadline), signal);
        const answer = await inquiry.answer(silenceMs, signal);
        if (answer?.status === 'ok') return descriptionOfWork(answer.data);
        if (answer && answer.error.code !== 'busy')
          throw answer.error.code === 'expired'
            ? new ExpiredError(`of the pool: ${answer.error.message}`)
            : new EngineError('POOL', `a board of the pool: ${answer.error.message}`);
        if (answer) await this.#pause(refusals++, signal);
        else log.debug({ ...request.frame, attempt, silenceMs }, 'no board is at it; sent again');
      }
    } finally {
      this.#inquiries.delete(inquiry.key);
    }
  }

  /** Sends over this connection or the next one; resolves when the broker has it. */
  async #send(message: Message, signal: AbortSignal): Promise<void> {
    for (;;) {
      const link = await unlessAborted(this.#link.next, signal);
      try {
        return await unlessAborted(link.publish(message), signal);
      } catch (error) {
        signal.throwIfAborted();
        const { fault } = error instanceof PublishError ? error : { fault: null };
        if (fault === 'busy') await this.#pause(Number.POSITIVE_INFINITY, signal);
        else if (fault !== 'lost')
          throw new EngineError('POOL', `the image does not reach the pool: ${messageOf(error)}`, {
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
          prompt,
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

  /** Until a board has answered, or for a while that grows with each time in a row that the boards were busy. */
  async #pause(refusals: number, signal: AbortSignal): Promise<void> {
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const over = new AbortController();
    const ms = Math.min(longestPauseMs, 2 ** refusals) * (0.5 + Math.random() / 2);
    this.#waiting.push(resolve);
    const ended = AbortSignal.any([signal, over.signal]);
    await Promise.race([answered, sleep(ms, undefined, { signal: ended }).catch(() => {})]);
    over.abort();
    const place = this.#waiting.indexOf(resolve);
    if (place >= 0) this.#waiting.splice(place, 1);
    signal.throwIfAborted();
  }

  #connected(link: BrokerLink): void {
    const { log } = this.#options;
    const topic = this.#topics.response('work');
    link.listen((_topic, payload, { properties }) => this.#hear(payload, properties?.correlationData));
    link.subscribe([topic], 1).then(
      () => {
        log.info({ topic }, 'sending to the pool');
        this.#link.use(link);
      },
      (error: unknown) => {
        if (!link.ended.aborted)
          log.error({ topic, reason: messageOf(error) }, 'answers of the pool cannot be heard');
      },
    );
  }

  #hear(payload: Buffer, correlationData: Buffer | undefined): void {
    const attempt = correlationData?.toString() ?? '';
    const inquiry = this.#inquiries.get(Inquiry.keyOf(attempt));
    // Answered already, or nothing of ours.
    if (!inquiry) return;
    let answer: WorkAnswerPayload;
    try {
      answer = workAnswerSchema.parse(JSON.parse(payload.toString()));
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'an answer of the pool cannot be read');
      return;
    }
    this.#heardMs = performance.now();
    this.#isPoolSilent = false;
    inquiry.hear(attempt, answer);
    // Whoever has answered is free.
    if (answer.status === 'ok') this.#waiting.shift()?.();
  }
}

/**
 * An image as it is, with the rest as user properties; or, where those cannot hold it, all of it in JSON: mosquitto ends the
 * connection over a line break in a property.
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
  const mostBytes = 65_535;
  if (texts.some(([, text]) => /\p{Cc}/u.test(text) || Buffer.byteLength(text) > mostBytes)) {
    const payload = JSON.stringify({ schema: 1, ...asked, image: image.toString('base64') });
    return { payload, properties: { ...properties, contentType: 'application/json' } };
  }
  const contentType = imageTypeOf(image) ?? 'image/jpeg';
  return {
    payload: image,
    properties: { ...properties, contentType, userProperties: Object.fromEntries(texts) },
  };
}
