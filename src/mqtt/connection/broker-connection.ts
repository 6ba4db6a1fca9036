import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type IClientOptions, type MqttClient, ReasonCodes } from 'mqtt';
import { codeOf, messageOf } from '../../domain/errors.ts';
import { withoutSecrets } from '../../domain/shown-address.ts';
import type { Log } from '../../pipeline/ports.ts';
import { BrokerLink } from './broker-link.ts';
import { type ConnectFilePaths, type ConnectFiles, readConnectFiles } from './connect-files.ts';
import { connectionFault } from './connection-fault.ts';
import type { Message } from './message.ts';
import { ReconnectDelay, type ReconnectOptions, reconnectDefaults } from './reconnect-delay.ts';

export interface BrokerConnectionOptions extends ConnectFilePaths {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  readonly username: string | null;
  readonly clientId: string;
  readonly keepaliveMs: number;
  /** Last will, retained; null: none. */
  readonly will: { readonly topic: string; readonly payload: string } | null;
  /** Never falls back to MQTT 3.1.1. */
  readonly needsMqtt5?: boolean;
  /** Limits of received messages; each must then be acknowledged with BrokerLink.acknowledge. Needs MQTT 5. */
  readonly intake?: Intake;
  /** A broker that acknowledges nothing for longer is considered lost, and reconnected to. */
  readonly publishTimeoutMs: number;
  readonly reconnect?: ReconnectOptions;
  readonly log: Log;
  /** Called for each connection. */
  onLink(link: BrokerLink): void;
}

/** What the broker may send before an acknowledgement. */
interface Intake {
  readonly messages: number;
  /** Maximum size of a packet; the broker drops larger ones. */
  readonly packetBytes: number;
}

/** How an attempt to connect, or the resulting connection, ended. */
interface Ending {
  /** Duration of the connection; 0: there was none. */
  readonly connectedMs: number;
  readonly error: Error | null;
  /** From the broker's DISCONNECT; null: it sent none. */
  readonly reasonCode: number | null;
}

const connectTimeoutMs = 20_000;
/** With Node's default of 64 KiB, 100 MB would accumulate in months. */
const smallPoolBytes = 1024;
const closeTimeoutMs = 2000;
const sessionTakenOver = 0x8e;
const suspiciousEnds = 3;
const silentEnd = new Error('the broker closed it');

/**
 * Stays connected to one broker, retrying forever. Each connection has its own MQTT.js client, so that nothing of an ended
 * one carries over to the next: publishers send again what was not acknowledged.
 */
export class BrokerConnection {
  readonly #options: BrokerConnectionOptions;
  readonly #delay: ReconnectDelay;
  readonly #closing = new AbortController();
  #files: ConnectFiles = {};
  #protocolVersion: 4 | 5 = 5;
  /** Some brokers do not support retained messages or QoS 1, and refuse a last will with them. */
  #willRetain = true;
  #willQos: 0 | 1 = 1;
  #running: Promise<void> = Promise.resolve();
  #client: MqttClient | null = null;
  #link: BrokerLink | null = null;
  #lastFault: string | null = null;
  /** Consecutive short connections that the broker ended without a reason. */
  #silentEnds = 0;

  constructor(options: BrokerConnectionOptions) {
    this.#options = options;
    this.#delay = new ReconnectDelay(options.reconnect ?? reconnectDefaults);
  }

  /** The broker's address without secrets: some brokers expect a key in its query. */
  get url(): string {
    return withoutSecrets(this.#options.url);
  }

  /** null: not connected. */
  get link(): BrokerLink | null {
    return this.#link;
  }

  /**
   * Reads the files, and connects in the background.
   * @throws ConfigError if one of the files cannot be read or is invalid.
   */
  async start(): Promise<void> {
    this.#files = await readConnectFiles(this.#options);
    // MQTT.js caches a small buffer for each message length that it meets, which keeps its whole pool in memory.
    Buffer.poolSize = smallPoolBytes;
    this.#running = this.#stayConnected();
  }

  /** Publishes a last message if connected, and ends the connection; waits at most 2 s. */
  async close(lastMessage: Message | null): Promise<void> {
    if (this.#closing.signal.aborted) return this.#running;
    this.#closing.abort(new Error('Scenecast is stopping'));
    const client = this.#client;
    if (client && this.#link) {
      const waited = new AbortController();
      const published = lastMessage ? this.#link.publish(lastMessage) : Promise.resolve();
      const ended = published.then(() => client.endAsync());
      const { signal } = waited;
      await Promise.race([
        ended.catch(() => {}),
        sleep(closeTimeoutMs, undefined, { signal }).catch(() => {}),
      ]);
      waited.abort();
    }
    client?.end(true);
    // While MQTT.js is still ending the connection, it ignores a forced end.
    client?.stream.destroy();
    await this.#running;
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const ending = await this.#connectOnce();
      if (signal.aborted) return;
      if (this.#adapts(ending)) continue;
      const wasTakenOver = ending.reasonCode === sessionTakenOver;
      const waitMs = this.#delay.nextMs(ending.connectedMs, wasTakenOver);
      this.#logEnding(ending, waitMs);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      // Passwords and certificates may be renewed while the daemon runs.
      this.#files = await readConnectFiles(this.#options).catch((error) => {
        this.#options.log.warn(
          { reason: messageOf(error) },
          'connection files unreadable; using the previous ones',
        );
        return this.#files;
      });
    }
  }

  /** Connects once; resolves when the attempt or the connection has ended. */
  async #connectOnce(): Promise<Ending> {
    const { publishTimeoutMs, onLink, log } = this.#options;
    let client: MqttClient;
    try {
      client = connect(this.#options.url, this.#clientOptions());
    } catch (error) {
      return {
        connectedMs: 0,
        reasonCode: null,
        error: error instanceof Error ? error : new Error(String(error)),
      };
    }
    this.#client = client;
    // MQTT.js acknowledges when this callback is called, and until then reads nothing, not even a PINGRESP. Called with
    // an error, it continues without acknowledging.
    if (this.#options.intake)
      client.handleMessage = (_packet, done) => done(new Error('acknowledged by BrokerLink.acknowledge'));
    let error: Error | null = null;
    let reasonCode: number | null = null;
    let connectedAt: number | null = null;
    const keep = (cause: Error): void => {
      error ??= cause;
    };
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    client.on('error', keep);
    // MQTT.js does not emit errors without a code, such as those of web sockets.
    client.stream.on('error', keep);
    client.once('close', resolve);
    // Packets are written whole. With Nagle's algorithm one may wait 40 ms for the TCP acknowledgement of the last.
    if (client.stream instanceof Socket) client.stream.setNoDelay();
    client.on('disconnect', (packet) => {
      reasonCode = packet.reasonCode ?? 0;
      // End the link first: MQTT.js rejects pending publishes before it closes, and they must not be retried here.
      this.#link?.end(new Error('the broker ended the connection'));
      client.end(true);
    });
    client.on('connect', (connack) => {
      connectedAt = performance.now();
      this.#link = new BrokerLink(client, connack, publishTimeoutMs);
      onLink(this.#link);
    });
    await closed;
    this.#client = null;
    const link = this.#link;
    this.#link = null;
    link?.end(error ?? silentEnd);
    // BrokerLink.drop gives a better reason.
    const dropped = link?.ended.reason;
    if (dropped instanceof Error) error = dropped;
    client.end(true);
    log.debug({ url: this.url }, 'broker connection closed');
    return { connectedMs: connectedAt === null ? 0 : performance.now() - connectedAt, error, reasonCode };
  }

  #clientOptions(): IClientOptions {
    const { username, clientId, keepaliveMs, will, intake } = this.#options;
    return {
      ...this.#files,
      ...(username === null ? {} : { username }),
      protocolVersion: this.#protocolVersion,
      clientId,
      clean: true,
      keepalive: Math.max(1, Math.round(keepaliveMs / 1000)),
      connectTimeout: connectTimeoutMs,
      // This class reconnects, with a new client.
      reconnectPeriod: 0,
      autoAssignTopicAlias: true,
      // Otherwise the environment (DEBUG) could enable logging of packets, which contain the password.
      log: () => {},
      ...(will && {
        will: {
          topic: will.topic,
          payload: Buffer.from(will.payload),
          qos: this.#willQos,
          retain: this.#willRetain,
        },
      }),
      ...(intake && {
        properties: { receiveMaximum: intake.messages, maximumPacketSize: intake.packetBytes },
      }),
    };
  }

  /** Drops what the broker refused (MQTT 5, or flags of the last will). @returns whether to connect again at once. */
  #adapts({ error, connectedMs }: Ending): boolean {
    if (connectedMs > 0 || !error) return false;
    const { log, needsMqtt5 } = this.#options;
    const { url } = this;
    const code = codeOf(error);
    if (!needsMqtt5 && this.#protocolVersion === 5 && (code === 1 || code === 0x84)) {
      log.info({ url }, 'broker does not support MQTT 5; using 3.1.1');
      this.#protocolVersion = 4;
      return true;
    }
    if (this.#willRetain && code === 0x9a) {
      log.warn({ url }, 'broker does not support retained messages; late subscribers see no state');
      this.#willRetain = false;
      return true;
    }
    if (this.#willQos === 1 && code === 0x9b) {
      log.warn({ url }, 'broker supports only QoS 0; lost messages are not sent again');
      this.#willQos = 0;
      return true;
    }
    return false;
  }

  #logEnding({ error, reasonCode, connectedMs }: Ending, waitMs: number): void {
    const { username, clientId, log, reconnect = reconnectDefaults } = this.#options;
    const { url } = this;
    const { stableMs } = reconnect;
    const remedy = 'is a second Scenecast running with the same device name? Change `device` of one of them';
    // After a stable connection, the same fault is logged again.
    if (connectedMs > stableMs) {
      this.#lastFault = null;
      this.#silentEnds = 0;
    }
    const isSilent = connectedMs > 0 && reasonCode === null && error === silentEnd;
    this.#silentEnds = isSilent ? this.#silentEnds + 1 : 0;
    if (reasonCode === sessionTakenOver) {
      const reason = `another client has connected as ${clientId}: ${remedy}`;
      log.error({ url, clientId, waitMs, reason }, 'disconnected by the broker');
    } else if (reasonCode !== null) {
      const reason = ReasonCodes[reasonCode as keyof typeof ReasonCodes] || 'no reason given';
      log.warn({ url, reasonCode, reason }, 'disconnected by the broker');
    } else if (this.#silentEnds === suspiciousEnds) {
      const reason = `another client may have connected as ${clientId} (see the broker's log): ${remedy}`;
      log.error({ url, clientId, reason }, 'broker keeps closing the connection');
    } else {
      const reason = connectedMs > 0 ? messageOf(error) : connectionFault(error, url, username);
      // One line is enough even if the broker is away for a week.
      if (reason === this.#lastFault) return;
      log.warn(
        { url, reason },
        connectedMs > 0 ? 'connection to the broker lost' : 'no connection to the broker',
      );
      this.#lastFault = reason;
    }
  }
}
