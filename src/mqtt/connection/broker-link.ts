import { type IConnackPacket, type IPublishPacket, type MqttClient, ReasonCodes } from 'mqtt';
import { codeOf, messageOf, ScenecastError } from '../../domain/errors.ts';
import { type BrokerLimits, brokerLimits } from './broker-limits.ts';
import type { Message } from './message.ts';
import { PublishError, refusalOf } from './publish-error.ts';
import { publishSizeBytes } from './publish-size.ts';

const quietMs = 200;
/** MQTT 5: No matching subscribers. */
const noSubscribers = 0x10;

interface Job {
  readonly message: Message;
  timer?: NodeJS.Timeout;
  resolve(): void;
  reject(error: PublishError): void;
}

/** One connection to a broker, from CONNACK to end. A new connection gets a new link. */
export class BrokerLink {
  readonly limits: BrokerLimits;
  /** 5, or 4 for MQTT 3.1.1. */
  readonly protocolVersion: number;
  readonly #client: MqttClient;
  readonly #timeoutMs: number;
  readonly #ended = new AbortController();
  /** Messages held back because of the broker's receive maximum. */
  readonly #queue: Job[] = [];
  readonly #unacknowledged = new Set<Job>();
  /** Not acknowledged in time; once a ping is answered, they move to `#ignored`. */
  readonly #overdue = new Set<Job>();
  readonly #ignored = new Set<Job>();
  #pingTimer: NodeJS.Timeout | undefined;
  #lastSentMs = 0;
  /** By packet id: MQTT.js does not tell this reason code apart. */
  readonly #onUnheard = new Map<number, () => void>();

  constructor(client: MqttClient, connack: IConnackPacket, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.limits = brokerLimits(connack);
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'pingresp' && this.#overdue.size > 0) this.#rejectOverdue();
      if (packet.cmd === 'puback' && packet.reasonCode === noSubscribers)
        this.#onUnheard.get(packet.messageId!)?.();
    });
    this.protocolVersion = client.options.protocolVersion ?? 4;
  }

  /** Aborted when the connection ends, with the error as reason. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Everything is acknowledged, and nothing was sent just now: if the connection ends, no message is to blame. */
  get isQuiet(): boolean {
    return this.#unacknowledged.size === 0 && performance.now() - this.#lastSentMs > quietMs;
  }

  /** Messages not sent yet. */
  get queueLength(): number {
    return this.#queue.length;
  }

  /**
   * Sends a message after all earlier ones; resolves when the broker has acknowledged it (QoS 1).
   * @throws PublishError; `too-large` if it exceeds `limits.maximumPacketBytes`: then it was not sent.
   */
  publish(message: Message): Promise<void> {
    if (this.ended.aborted) return Promise.reject(lost(this.ended.reason));
    const sizeBytes = publishSizeBytes(message);
    if (sizeBytes > this.limits.maximumPacketBytes) {
      const limit = `the broker accepts at most ${this.limits.maximumPacketBytes} bytes (mosquitto: max_packet_size)`;
      return Promise.reject(new PublishError('too-large', `a packet of ${sizeBytes} bytes; ${limit}`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.push({ message, resolve, reject });
    this.#sendQueued();
    return promise;
  }

  /**
   * Subscribes to topic filters; messages go to `listen`.
   * @throws ScenecastError if the broker refuses, or does not support wildcard or shared subscriptions.
   */
  async subscribe(filters: readonly string[], qos: 0 | 1): Promise<void> {
    const { wildcardAvailable, sharedAvailable } = this.limits;
    for (const filter of filters) {
      if (!wildcardAvailable && /[+#]/.test(filter))
        throw new ScenecastError(`${filter}: the broker does not support wildcard subscriptions`);
      if (!sharedAvailable && filter.startsWith('$share/'))
        throw new ScenecastError(`${filter}: the broker does not support shared subscriptions`);
    }
    await this.#timed(
      'subscribe',
      this.#client.subscribeAsync([...filters], { qos: Math.min(qos, this.limits.maximumQos) as 0 | 1 }),
    );
  }

  async unsubscribe(filters: readonly string[]): Promise<void> {
    await this.#timed('unsubscribe', this.#client.unsubscribeAsync([...filters]));
  }

  /** Receives the messages of all subscriptions of this link. @returns a function that ends it. */
  listen(listener: (topic: string, payload: Buffer, packet: IPublishPacket) => void): () => void {
    this.#client.on('message', listener);
    return () => this.#client.off('message', listener);
  }

  /** Sends the PUBACK of a message (MQTT 5, 3.4), on connections with `intake`. */
  acknowledge({ messageId }: IPublishPacket): void {
    if (this.ended.aborted || messageId === undefined) return;
    this.#client.stream.write(Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]));
  }

  /** Called by the owner when the connection has ended: rejects everything that is not acknowledged. */
  end(reason: Error): void {
    if (this.ended.aborted) return;
    this.#ended.abort(reason);
    clearTimeout(this.#pingTimer);
    const left = [...this.#unacknowledged, ...this.#queue.splice(0)];
    this.#unacknowledged.clear();
    for (const job of left) {
      clearTimeout(job.timer);
      job.reject(lost(reason));
    }
  }

  /** Closes the connection; the owner opens a new one. */
  drop(reason: Error): void {
    this.end(reason);
    this.#client.end(true);
  }

  #sendQueued(): void {
    while (this.#unacknowledged.size + this.#ignored.size < this.limits.receiveMaximum) {
      const job = this.#queue.shift();
      if (!job) return;
      this.#send(job);
    }
  }

  #send(job: Job): void {
    const { topic, payload, properties } = job.message;
    const qos = Math.min(job.message.qos, this.limits.maximumQos) as 0 | 1;
    const retain = job.message.retain && this.limits.retainAvailable;
    this.#unacknowledged.add(job);
    this.#lastSentMs = performance.now();
    job.timer = setTimeout(() => this.#checkOverdue(job), this.#timeoutMs);
    const options = { qos, retain, ...(properties && { properties }) };
    let packetId = 0;
    this.#client.publish(topic, payload, options, (error) => {
      clearTimeout(job.timer);
      this.#onUnheard.delete(packetId);
      this.#ignored.delete(job);
      this.#overdue.delete(job);
      if (this.#unacknowledged.delete(job)) {
        const code = codeOf(error);
        if (!error) job.resolve();
        else if (typeof code === 'number' && code >= 0x80)
          job.reject(refusalOf(code, ReasonCodes[code as keyof typeof ReasonCodes] ?? 'unknown'));
        else {
          job.reject(lost(error));
          this.drop(error);
        }
      }
      this.#sendQueued();
    });
    packetId = this.#client.getLastMessageId();
    if (qos === 1 && job.message.onUnheard && this.#unacknowledged.has(job))
      this.#onUnheard.set(packetId, job.message.onUnheard);
  }

  /** Pings the broker: if it answers, it ignores the message, else the connection is dead. */
  #checkOverdue(job: Job): void {
    this.#overdue.add(job);
    if (this.#pingTimer) return;
    this.#pingTimer = setTimeout(() => {
      this.drop(
        new Error(`the broker did not acknowledge ${job.message.topic} within ${this.#timeoutMs} ms`),
      );
    }, this.#timeoutMs / 2);
    this.#client.sendPing();
  }

  /** The broker has answered a ping: it will not acknowledge overdue messages any more. */
  #rejectOverdue(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = undefined;
    const reason = `the broker answers pings, but did not acknowledge it within ${this.#timeoutMs} ms; it may exceed the broker's size limit (mosquitto: message_size_limit)`;
    for (const job of this.#overdue) {
      if (!this.#unacknowledged.delete(job)) continue;
      // It still counts towards the receive maximum.
      this.#ignored.add(job);
      job.reject(new PublishError('refused', reason));
    }
    this.#overdue.clear();
    if (this.#ignored.size * 2 > this.limits.receiveMaximum)
      this.drop(new Error('the broker ignores messages'));
    else this.#sendQueued();
  }

  async #timed<T>(what: string, work: Promise<T>): Promise<T> {
    const timer = setTimeout(
      () => this.drop(new Error(`the broker did not answer ${what} within ${this.#timeoutMs} ms`)),
      this.#timeoutMs,
    );
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }
}

function lost(reason: unknown): PublishError {
  return new PublishError('lost', `the connection ended: ${messageOf(reason)}`, { cause: reason });
}
