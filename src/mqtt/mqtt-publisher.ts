import { readFile } from 'node:fs/promises';
import { connect, type MqttClient } from 'mqtt';
import {
  answerPayload,
  cameraStatusPayload,
  descriptionPayload,
  eventPayload,
  healthPayload,
} from '../contract/payloads.ts';
import { type Topics, topicsOf } from '../contract/topics.ts';
import { ConfigError, messageOf } from '../domain/errors.ts';
import type { Health } from '../domain/health.ts';
import type { CameraStatus, FrameEvent, Observation } from '../domain/observation.ts';
import type { Log, Publisher } from '../pipeline/ports.ts';

export interface MqttOptions {
  readonly url: string;
  readonly username: string | null;
  /** A file whose first line is the password. */
  readonly passwordFile: string | null;
  /** The `<device>` of `scenecast/<device>`. */
  readonly device: string;
  readonly log: Log;
}

interface Retained {
  readonly payload: string;
  readonly qos: 0 | 1;
}

const online = JSON.stringify({ state: 'online' });
const offline = JSON.stringify({ state: 'offline' });
/** More publishes than this without an acknowledgement, and the broker is not keeping up: events are dropped. */
const mostUnacknowledged = 1000;
const reconnectMs = 2000;
const goodbyeMs = 2000;

/**
 * Publishes the contract over MQTT 5, or 3.1.1 where the broker speaks nothing newer. Without a broker, the newest retained state is kept and sent on the
 * next connect; events are dropped and counted, as they tell of moments that have passed.
 */
export class MqttPublisher implements Publisher {
  readonly #options: MqttOptions;
  readonly #topics: Topics;
  /** The newest payload of every retained topic: what a broker that lost its memory is told again. */
  readonly #retained = new Map<string, Retained>();
  #client: MqttClient | null = null;
  #unacknowledged = 0;
  #dropped = 0;
  #lastError: string | null = null;

  constructor(options: MqttOptions) {
    this.#options = options;
    this.#topics = topicsOf(options.device);
  }

  /**
   * Starts connecting, and goes on for as long as it takes; returns at once.
   * @throws ConfigError where the password file cannot be read.
   */
  async start(): Promise<void> {
    const { url, username, device, log } = this.#options;
    const password = await this.#readPassword();
    const client = connect(url, {
      protocolVersion: 5,
      clientId: `scenecast-${device}`,
      clean: true,
      keepalive: 30,
      reconnectPeriod: reconnectMs,
      reconnectOnConnackError: true,
      ...(username === null ? {} : { username }),
      ...(password === null ? {} : { password }),
      will: { topic: this.#topics.status, payload: Buffer.from(offline), qos: 1, retain: true },
    });
    client.on('connect', () => {
      log.info({ url, dropped: this.#dropped }, 'connected to the broker');
      this.#dropped = 0;
      this.#lastError = null;
      this.#send(this.#topics.status, online, true);
      for (const [topic, { payload, qos }] of this.#retained) this.#send(topic, payload, true, qos);
    });
    client.on('close', () => log.debug({ url }, 'broker connection closed'));
    client.on('error', (error) => {
      const reason = error.message;
      if (refusesMqtt5(error)) {
        log.info({ url }, 'the broker does not speak MQTT 5; going on with 3.1.1');
        client.options.protocolVersion = 4;
        return;
      }
      // The client tries again every 2 s: for a broker that is away for a week, one line is enough.
      if (reason !== this.#lastError) log.warn({ url, reason }, 'no connection to the broker');
      this.#lastError = reason;
    });
    client.on('disconnect', ({ reasonCode }) =>
      log.warn({ url, reasonCode }, 'the broker ended the connection'),
    );
    this.#client = client;
  }

  cameraStatus(camera: string, status: CameraStatus): void {
    this.#retain(this.#topics.cameraStatus(camera), cameraStatusPayload(status));
  }

  observation(observation: Observation): void {
    const { camera } = observation.frame;
    this.#retain(this.#topics.description(camera), descriptionPayload(observation, new Date()));
    for (const [question, value] of Object.entries(observation.description.answers)) {
      this.#retain(this.#topics.answer(camera, question), answerPayload(observation, value));
    }
  }

  event(event: FrameEvent): void {
    if (!this.#client?.connected || this.#unacknowledged >= mostUnacknowledged) this.#dropped++;
    else this.#send(this.#topics.event(event.camera), JSON.stringify(eventPayload(event, new Date())), false);
  }

  /** At most once: the next one comes soon anyway. */
  health(health: Health): void {
    this.#retain(this.#topics.health, healthPayload(health, new Date()), 0);
  }

  /** Says goodbye (`offline`, retained) where there is a broker to hear it; waits 2 s at most. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (!client) return;
    if (client.connected) {
      const goodbye = client
        .publishAsync(this.#topics.status, offline, { qos: 1, retain: true })
        .then(() => client.endAsync());
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, goodbyeMs);
      });
      await Promise.race([goodbye.catch(() => {}), tooLate]);
      clearTimeout(timer);
    }
    client.end(true);
  }

  #retain(topic: string, payload: object, qos: 0 | 1 = 1): void {
    const text = JSON.stringify(payload);
    this.#retained.set(topic, { payload: text, qos });
    if (this.#client?.connected) this.#send(topic, text, true, qos);
  }

  #send(topic: string, payload: string, retain: boolean, qos: 0 | 1 = 1): void {
    this.#unacknowledged++;
    this.#client?.publish(topic, payload, { qos, retain }, (error) => {
      this.#unacknowledged--;
      if (error) this.#options.log.warn({ topic, reason: error.message }, 'not published');
    });
  }

  async #readPassword(): Promise<string | null> {
    const { passwordFile } = this.#options;
    if (passwordFile === null) return null;
    try {
      const [line = ''] = (await readFile(passwordFile, 'utf8')).split('\n');
      return line.trimEnd();
    } catch (cause) {
      throw new ConfigError(`mqtt.password_file ${passwordFile}: cannot be read: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

/** CONNACK 1 (an MQTT 3.1.1 broker) or 132 (an MQTT 5 broker): the protocol version is not supported. */
function refusesMqtt5(error: Error): boolean {
  return 'code' in error && (error.code === 1 || error.code === 132);
}
