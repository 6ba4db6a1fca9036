import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type IClientOptions, type MqttClient, ReasonCodes } from 'mqtt';
import { messageOf } from '../../domain/errors.ts';
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
  /** What the broker says of this client when it is gone without a word; retained. null: nothing. */
  readonly will: { readonly topic: string; readonly payload: string } | null;
  /** No falling back to MQTT 3.1.1. */
  readonly needsMqtt5?: boolean;
  /** Every message is acknowledged by hand, with BrokerLink.acknowledge. Needs MQTT 5. */
  readonly intake?: Intake;
  /** A broker that does not acknowledge for longer is given up, and connected to anew. */
  readonly publishTimeoutMs: number;
  readonly reconnect?: ReconnectOptions;
  readonly log: Log;
  /** Each time there is a connection. */
  onLink(link: BrokerLink): void;
}

/** What the broker may send before something of it has been acknowledged. */
interface Intake {
  readonly messages: number;
  /** Of one packet; a larger one the broker throws away. */
  readonly packetBytes: number;
}

/** How one try, and the connection that came of it, ended. */
interface Ending {
  /** 0: there was no connection. */
  readonly stoodMs: number;
  readonly error: Error | null;
  /** Of the broker's DISCONNECT. */
  readonly reasonCode: number | null;
}

const connectTimeoutMs = 20_000;
/** Node's own, of 64 KiB, would hold on to a hundred megabytes in the course of months. */
const smallPoolBytes = 1024;
const goodbyeMs = 2000;
const sessionTakenOver = 0x8e;
const suspiciousEnds = 3;
const silentEnd = new Error('the broker closed it');

/**
 * Stays connected to one broker, for as long as it takes. Each connection has an MQTT.js client of its own, so that nothing
 * of an ended one is left over in the next: what was not acknowledged is its publisher's to send again.
 */
export class BrokerConnection {
  readonly #options: BrokerConnectionOptions;
  readonly #delay: ReconnectDelay;
  readonly #closing = new AbortController();
  #files: ConnectFiles = {};
  #protocolVersion: 4 | 5 = 5;
  /** Some brokers keep nothing, or know only QoS 0, and refuse a last will that asks for more. */
  #willRetain = true;
  #willQos: 0 | 1 = 1;
  #running: Promise<void> = Promise.resolve();
  #client: MqttClient | null = null;
  #link: BrokerLink | null = null;
  #lastFault: string | null = null;
  /** Connections that the broker has ended without a word, each soon after the last. */
  #silentEnds = 0;

  constructor(options: BrokerConnectionOptions) {
    this.#options = options;
    this.#delay = new ReconnectDelay(options.reconnect ?? reconnectDefaults);
  }

  /** The broker's address as others may see it: some brokers want a key in its query. */
  get url(): string {
    return withoutSecrets(this.#options.url);
  }

  /** Null: there is no connection. */
  get link(): BrokerLink | null {
    return this.#link;
  }

  /**
   * Starts connecting; returns when it has begun.
   * @throws ConfigError where one of the files cannot be read, or is not what it should be.
   */
  async start(): Promise<void> {
    this.#files = await readConnectFiles(this.#options);
    // MQTT.js keeps a buffer of a few bytes for each length of message that it meets, and with it the pool it came from.
    Buffer.poolSize = smallPoolBytes;
    this.#running = this.#stayConnected();
  }

  /** Ends the connection, after the last words where there is a broker to hear them; waits 2 s at most. */
  async close(lastWords: Message | null): Promise<void> {
    if (this.#closing.signal.aborted) return this.#running;
    this.#closing.abort(new Error('Scenecast is stopping'));
    const client = this.#client;
    if (client && this.#link) {
      const said = new AbortController();
      const saying = lastWords ? this.#link.publish(lastWords) : Promise.resolve();
      const goodbye = saying.then(() => client.endAsync());
      const { signal } = said;
      await Promise.race([goodbye.catch(() => {}), sleep(goodbyeMs, undefined, { signal }).catch(() => {})]);
      said.abort();
    }
    client?.end(true);
    // Where it is still saying goodbye, MQTT.js does not listen any more.
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
      const waitMs = this.#delay.nextMs(ending.stoodMs, wasTakenOver);
      this.#tell(ending, waitMs);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      // Passwords and certificates are renewed while the daemon runs.
      this.#files = await readConnectFiles(this.#options).catch((error) => {
        this.#options.log.warn({ reason: messageOf(error) }, 'going on with what was read before');
        return this.#files;
      });
    }
  }

  /** Connects, and resolves when that connection, or the try, has ended. */
  async #connectOnce(): Promise<Ending> {
    const { publishTimeoutMs, onLink, log } = this.#options;
    let client: MqttClient;
    try {
      client = connect(this.#options.url, this.#clientOptions());
    } catch (error) {
      return {
        stoodMs: 0,
        reasonCode: null,
        error: error instanceof Error ? error : new Error(String(error)),
      };
    }
    this.#client = client;
    // MQTT.js acknowledges once this callback is called, and until then reads nothing, no PINGRESP either; called with
    // an error, it goes on without acknowledging.
    if (this.#options.intake)
      client.handleMessage = (_packet, done) => done(new Error('it is acknowledged by hand'));
    let error: Error | null = null;
    let reasonCode: number | null = null;
    let connectedAt: number | null = null;
    const keep = (cause: Error): void => {
      error ??= cause;
    };
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    client.on('error', keep);
    // MQTT.js keeps errors without a code to itself, those of web sockets among them.
    client.stream.on('error', keep);
    client.once('close', resolve);
    // Each packet is written whole; else an answer may wait 40 ms for the TCP acknowledgement of the packet before.
    if (client.stream instanceof Socket) client.stream.setNoDelay();
    client.on('disconnect', (packet) => {
      reasonCode = packet.reasonCode ?? 0;
      // First the link: MQTT.js fails all that is under way before it closes, and whoever hears of that must not send again here.
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
    // It may have been dropped for a reason of its own.
    const dropped = link?.ended.reason;
    if (dropped instanceof Error) error = dropped;
    client.end(true);
    log.debug({ url: this.url }, 'broker connection closed');
    return { stoodMs: connectedAt === null ? 0 : performance.now() - connectedAt, error, reasonCode };
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
      // This class does it, with a client anew.
      reconnectPeriod: 0,
      autoAssignTopicAlias: true,
      // Else the environment (DEBUG) could have packets logged, with the password in them.
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

  /** Whether the broker refused something that can be left out at once: MQTT 5, or the last will's flags. */
  #adapts({ error, stoodMs }: Ending): boolean {
    if (stoodMs > 0 || !error || !('code' in error)) return false;
    const { log, needsMqtt5 } = this.#options;
    const { url } = this;
    if (!needsMqtt5 && this.#protocolVersion === 5 && (error.code === 1 || error.code === 0x84)) {
      log.info({ url }, 'the broker does not speak MQTT 5; going on with 3.1.1');
      this.#protocolVersion = 4;
      return true;
    }
    if (this.#willRetain && error.code === 0x9a) {
      log.warn({ url }, 'the broker retains nothing: whoever subscribes late sees no state');
      this.#willRetain = false;
      return true;
    }
    if (this.#willQos === 1 && error.code === 0x9b) {
      log.warn({ url }, 'the broker knows only QoS 0: what it loses is not sent again');
      this.#willQos = 0;
      return true;
    }
    return false;
  }

  #tell({ error, reasonCode, stoodMs }: Ending, waitMs: number): void {
    const { username, clientId, log, reconnect = reconnectDefaults } = this.#options;
    const { url } = this;
    const { stableMs } = reconnect;
    const remedy = 'is a second Scenecast running for the same device? Give one of them another device name';
    // After a good connection, faults are news again.
    if (stoodMs > stableMs) {
      this.#lastFault = null;
      this.#silentEnds = 0;
    }
    const isSilent = stoodMs > 0 && reasonCode === null && error === silentEnd;
    this.#silentEnds = isSilent ? this.#silentEnds + 1 : 0;
    if (reasonCode === sessionTakenOver) {
      const reason = `another client has connected as ${clientId}: ${remedy}`;
      log.error({ url, clientId, waitMs, reason }, 'the broker ended the connection');
    } else if (reasonCode !== null) {
      const reason = ReasonCodes[reasonCode as keyof typeof ReasonCodes] || 'no reason given';
      log.warn({ url, reasonCode, reason }, 'the broker ended the connection');
    } else if (this.#silentEnds === suspiciousEnds) {
      const reason = `another client may have connected as ${clientId} (the broker's log tells): ${remedy}`;
      log.error({ url, clientId, reason }, 'the broker ends one connection after another');
    } else {
      const reason = stoodMs > 0 ? messageOf(error) : connectionFault(error, url, username);
      // For a broker that is away for a week, one line is enough.
      if (reason === this.#lastFault) return;
      log.warn(
        { url, reason },
        stoodMs > 0 ? 'the connection to the broker ended' : 'no connection to the broker',
      );
      this.#lastFault = reason;
    }
  }
}
