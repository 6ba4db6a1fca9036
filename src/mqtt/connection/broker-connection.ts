import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type IClientOptions, type MqttClient, ReasonCodes } from 'mqtt';
import { messageOf } from '../../domain/errors.ts';
import { withoutSecrets } from '../../domain/shown-address.ts';
import type { Log } from '../../pipeline/ports.ts';
import { bracketed } from './bracketed.ts';
import { BrokerFeatures } from './broker-features.ts';
import { BrokerLink } from './broker-link.ts';
import { type ConnectFilePaths, type ConnectFiles, readConnectFiles } from './connect-files.ts';
import { connectionFault } from './connection-fault.ts';
import type { Ending } from './ending.ts';
import { foreignProtocol, silence } from './foreign-protocol.ts';
import type { Message } from './message.ts';
import {
  ReconnectDelay,
  type ReconnectOptions,
  reconnectDefaults,
  takeoverBounds,
} from './reconnect-delay.ts';
import { TakeoverWatch } from './takeover-watch.ts';

export interface BrokerConnectionOptions extends ConnectFilePaths {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  readonly username: string | null;
  /** In place of `passwordFile`: of a person who has typed it. */
  readonly password?: string | undefined;
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
  /** Time for the broker to accept the connection. */
  readonly connectTimeoutMs?: number;
  readonly reconnect?: ReconnectOptions;
  readonly log: Log;
  /** Called for each connection. */
  onLink(link: BrokerLink): void;
  /** Called for each attempt that failed, with the reason as in the log. */
  onFault?(reason: string, error: Error | null): void;
}

/** What the broker may send before an acknowledgement. */
interface Intake {
  readonly messages: number;
  /** Maximum size of a packet; the broker drops larger ones. */
  readonly packetBytes: number;
}

const defaultConnectTimeoutMs = 20_000;
/** With Node's default of 64 KiB, 100 MB would accumulate in months. */
const smallPoolBytes = 1024;
const closeTimeoutMs = 2000;
const closedByBroker = new Error('the broker closed it');

/**
 * Stays connected to one broker, retrying forever. Each connection has its own MQTT.js client, so that nothing of an ended
 * one carries over to the next: publishers send again what was not acknowledged.
 */
export class BrokerConnection {
  readonly #options: BrokerConnectionOptions;
  readonly #delay: ReconnectDelay;
  readonly #features: BrokerFeatures;
  readonly #takeovers: TakeoverWatch;
  readonly #closing = new AbortController();
  #files: ConnectFiles = {};
  #running: Promise<void> = Promise.resolve();
  #client: MqttClient | null = null;
  #link: BrokerLink | null = null;
  #lastFault: string | null = null;

  constructor(options: BrokerConnectionOptions) {
    this.#options = options;
    const { reconnect = reconnectDefaults, needsMqtt5 = false, log } = options;
    this.#delay = new ReconnectDelay(reconnect);
    this.#features = new BrokerFeatures(this.url, needsMqtt5, log);
    this.#takeovers = new TakeoverWatch({ stableMs: reconnect.stableMs, clearMs: takeoverBounds.maxMs });
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
      if (this.#features.learn(ending)) continue;
      const takeover = this.#takeovers.ended(ending);
      const waitMs = this.#delay.nextMs(ending.connectedMs, takeover !== null);
      this.#logEnding(ending, takeover, waitMs);
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
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      return { connectedMs: 0, reasonCode: null, wasQuiet: false, error };
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
    const attempt = this.#watchAttempt(client, keep);
    // Packets are written whole. With Nagle's algorithm one may wait 40 ms for the TCP acknowledgement of the last.
    if (client.stream instanceof Socket) client.stream.setNoDelay();
    client.on('disconnect', (packet) => {
      reasonCode = packet.reasonCode ?? 0;
      // End the link first: MQTT.js rejects pending publishes before it closes, and they must not be retried here.
      this.#link?.end(new Error('the broker ended the connection'));
      client.end(true);
    });
    client.on('connect', (connack) => {
      attempt.end();
      connectedAt = performance.now();
      this.#features.connected();
      this.#link = new BrokerLink(client, connack, publishTimeoutMs);
      onLink(this.#link);
    });
    await closed;
    attempt.end();
    this.#client = null;
    const link = this.#link;
    this.#link = null;
    const wasQuiet = link?.isQuiet ?? false;
    link?.end(error ?? closedByBroker);
    // BrokerLink.drop gives a better reason.
    const dropped = link?.ended.reason;
    if (dropped instanceof Error && dropped !== closedByBroker) error = dropped;
    client.end(true);
    log.debug({ url: this.url }, 'broker connection closed');
    const connectedMs = connectedAt === null ? 0 : performance.now() - connectedAt;
    return { connectedMs, error, reasonCode, wasQuiet };
  }

  /** Until its `end` is called: gives up an attempt that gets no answer, or one that is not MQTT, with a reason. */
  #watchAttempt({ stream }: MqttClient, fail: (reason: Error) => void): { end(): void } {
    const { connectTimeoutMs = defaultConnectTimeoutMs } = this.#options;
    const giveUp = (reason: string): void => {
      fail(new Error(reason));
      stream.destroy();
    };
    const onData = (bytes: Buffer): void => {
      const reason = foreignProtocol(bytes, this.url);
      if (reason) giveUp(reason);
    };
    // Before MQTT.js sees them: it would complain of a malformed packet.
    stream.prependOnceListener('data', onData);
    const timer = setTimeout(() => {
      giveUp(silence(this.url, stream instanceof Socket && !stream.connecting, connectTimeoutMs));
    }, connectTimeoutMs);
    return {
      end: () => {
        clearTimeout(timer);
        stream.off('data', onData);
      },
    };
  }

  #clientOptions(): IClientOptions {
    const { username, password, clientId, keepaliveMs, will, intake } = this.#options;
    return {
      ...this.#files,
      ...(password !== undefined && { password }),
      ...(username === null ? {} : { username }),
      protocolVersion: this.#features.protocolVersion,
      clientId,
      clean: true,
      keepalive: Math.max(1, Math.round(keepaliveMs / 1000)),
      // Longer than our own, which says more.
      connectTimeout: 2 * (this.#options.connectTimeoutMs ?? defaultConnectTimeoutMs),
      transformWsUrl: bracketed,
      // This class reconnects, with a new client.
      reconnectPeriod: 0,
      // It would keep a Buffer of each 16-bit number: 8 MB.
      writeCache: false,
      autoAssignTopicAlias: true,
      // Otherwise the environment (DEBUG) could enable logging of packets, which contain the password.
      log: () => {},
      ...(will && {
        will: {
          topic: will.topic,
          payload: Buffer.from(will.payload),
          ...this.#features.will,
        },
      }),
      ...(intake && {
        properties: { receiveMaximum: intake.messages, maximumPacketSize: intake.packetBytes },
      }),
    };
  }

  #logEnding(
    { error, reasonCode, connectedMs }: Ending,
    takeover: 'certain' | 'suspected' | null,
    waitMs: number,
  ): void {
    const { clientId, log, reconnect = reconnectDefaults } = this.#options;
    const { url } = this;
    const remedy = 'is a second Scenecast running with the same device name? Change `device` of one of them';
    // After a stable connection, the same fault is logged again.
    if (connectedMs > reconnect.stableMs) this.#lastFault = null;
    if (takeover === 'certain') {
      const reason = `another client has connected as ${clientId}: ${remedy}`;
      log.error({ url, clientId, waitMs, reason }, 'disconnected by the broker');
    } else if (takeover === 'suspected') {
      const reason = `another client may have connected as ${clientId} (see the broker's log): ${remedy}`;
      log.error({ url, clientId, waitMs, reason }, 'broker keeps closing the connection');
    } else if (reasonCode !== null) {
      const reason = ReasonCodes[reasonCode as keyof typeof ReasonCodes] || 'no reason given';
      log.warn({ url, reasonCode, reason }, 'disconnected by the broker');
    } else {
      const isLost = connectedMs > 0;
      const reason = isLost
        ? messageOf(error ?? closedByBroker)
        : connectionFault(error, { ...this.#options, url });
      if (!isLost) this.#options.onFault?.(reason, error);
      // One line is enough even if the broker is away for a week.
      if (reason === this.#lastFault) return;
      log.warn({ url, reason }, isLost ? 'connection to the broker lost' : 'no connection to the broker');
      this.#lastFault = reason;
    }
  }
}
