import { cameraConfigPayload } from '../../contract/camera-config.ts';
import {
  answerPayload,
  cameraStatusPayload,
  descriptionPayload,
  eventPayload,
  healthPayload,
} from '../../contract/payloads.ts';
import { type Topics, topicsOf } from '../../contract/topics.ts';
import type { CameraSettings } from '../../domain/camera-settings.ts';
import type { Health } from '../../domain/health.ts';
import type { CameraStatus, FrameEvent, Observation } from '../../domain/observation.ts';
import type { Log, Publisher } from '../../pipeline/ports.ts';
import { BrokerConnection } from '../connection/broker-connection.ts';
import type { BrokerLink } from '../connection/broker-link.ts';
import type { ConnectFilePaths } from '../connection/connect-files.ts';
import type { Message } from '../connection/message.ts';
import { PublishError } from '../connection/publish-error.ts';
import type { ReconnectOptions } from '../connection/reconnect-delay.ts';
import { RefusalLog } from '../connection/refusal-log.ts';
import { type OnMessage, Subscriptions } from '../connection/subscriptions.ts';
import { CameraImages, type EncodeImage } from './camera-images.ts';
import { DeliveryCheckpoint } from './delivery-checkpoint.ts';
import { type ObservationStore, OutboxDelivery, type StoredObservation } from './outbox-delivery.ts';
import { RetainedState } from './retained-state.ts';

export interface MqttOptions extends ConnectFilePaths {
  readonly url: string;
  readonly username: string | null;
  readonly keepaliveMs: number;
  /** The `<device>` of `scenecast/<device>`. */
  readonly device: string;
  /** Where observations are kept until the broker has them. Opened and closed by its owner. */
  readonly outbox: ObservationStore;
  /** The cameras whose described pictures are published, by name, with how they become JPEG files. */
  readonly images?: ReadonlyMap<string, EncodeImage>;
  /** Whether the broker shall keep the newest description or answer of this topic. Default: always. */
  readonly isRetained?: (topic: string) => boolean;
  readonly log: Log;
  /** Where a broker has lost something, its subscribers are given so long to come back. */
  readonly settleMs?: number;
  /** A message that is not acknowledged for so long is asked after. */
  readonly publishTimeoutMs?: number;
  /** A broker that is too busy for a message is asked again after so long. */
  readonly busyRetryMs?: number;
  readonly reconnect?: ReconnectOptions;
}

const online = JSON.stringify({ state: 'online' });
const offline = JSON.stringify({ state: 'offline' });
/** More events than this waiting for their turn, and the broker is not keeping up: further ones are dropped. */
const mostWaitingEvents = 1000;
const defaultSettleMs = 15_000;
const defaultPublishTimeoutMs = 15_000;
const defaultBusyRetryMs = 30_000;

/**
 * Publishes the contract over MQTT 5, or 3.1.1 where the broker speaks nothing newer. Observations go through the outbox, so that
 * none is lost while there is no broker, or by one that is killed; of retained state, the newest is said at each connect;
 * events are dropped and counted, as they tell of moments that have passed.
 */
export class MqttPublisher implements Publisher {
  readonly #options: MqttOptions;
  readonly #topics: Topics;
  readonly #connection: BrokerConnection;
  readonly #refusals: RefusalLog;
  readonly #retained: RetainedState;
  readonly #subscriptions: Subscriptions;
  readonly #images: CameraImages;
  readonly #checkpoint: DeliveryCheckpoint;
  readonly #delivery: OutboxDelivery;
  /** By id of the observation: resolves when the outbox has it. */
  readonly #storing = new Map<string, Promise<void>>();
  #droppedEvents = 0;

  constructor(options: MqttOptions) {
    const { device, log, outbox } = options;
    this.#options = options;
    this.#topics = topicsOf(device);
    const { status } = this.#topics;
    this.#refusals = new RefusalLog(log);
    const busyRetryMs = options.busyRetryMs ?? defaultBusyRetryMs;
    this.#retained = new RetainedState(this.#refusals, busyRetryMs);
    this.#retained.set(status, online, 1);
    this.#subscriptions = new Subscriptions(log);
    this.#images = new CameraImages({
      encoders: options.images ?? new Map(),
      topicOf: (camera) => this.#topics.image(camera),
      log,
    });
    this.#checkpoint = new DeliveryCheckpoint(this.#topics.outbox, this.#refusals, log);
    this.#delivery = new OutboxDelivery({
      store: outbox,
      topics: this.#topics,
      isRetained: options.isRetained ?? (() => true),
      checkpoint: this.#checkpoint,
      refusals: this.#refusals,
      log,
      settleMs: options.settleMs ?? defaultSettleMs,
      busyRetryMs,
    });
    this.#connection = new BrokerConnection({
      ...options,
      clientId: `scenecast-${device}`,
      will: { topic: status, payload: offline },
      publishTimeoutMs: options.publishTimeoutMs ?? defaultPublishTimeoutMs,
      onLink: (link) => this.#connected(link),
    });
  }

  /**
   * Starts connecting, and goes on for as long as it takes; returns at once.
   * @throws ConfigError where a file of the connection (password, certificates) cannot be used.
   */
  async start(): Promise<void> {
    await this.#connection.start();
  }

  cameraStatus(camera: string, status: CameraStatus): void {
    const payload = JSON.stringify(cameraStatusPayload(status));
    this.#retained.set(this.#topics.cameraStatus(camera), payload, 1);
  }

  cameraSettings(camera: string, settings: CameraSettings): void {
    const payload = JSON.stringify(cameraConfigPayload(settings));
    this.#retained.set(this.#topics.cameraConfig(camera), payload, 1);
  }

  observation(observation: Observation): void {
    const { id, camera } = observation.frame;
    const { answers } = observation.description;
    const stored: StoredObservation = {
      description: descriptionPayload(observation, new Date()),
      answers: Object.fromEntries(
        Object.entries(answers).map(([question, value]) => [question, answerPayload(observation, value)]),
      ),
    };
    const storing = this.#options.outbox.add({ id, camera, body: JSON.stringify(stored) }).then(() => {
      this.#storing.delete(id);
      this.#delivery.wake();
    });
    this.#storing.set(id, storing);
    this.#images.described(observation.frame);
  }

  event(event: FrameEvent): void {
    const payload = JSON.stringify(eventPayload(event, new Date()));
    const storing = event.type === 'described' ? this.#storing.get(event.id) : undefined;
    // It is described once that cannot be lost any more.
    if (storing) void storing.then(() => this.#sendEvent(event.camera, payload));
    else this.#sendEvent(event.camera, payload);
  }

  /** At most once: the next one comes soon anyway. */
  health(health: Health): void {
    const payload = healthPayload({ ...health, outbox: this.#options.outbox.health }, new Date());
    this.#retained.set(this.#topics.health, JSON.stringify(payload), 0);
  }

  /** Retained, at QoS 1, and again on each connect; an empty payload clears the topic. */
  retain(topic: string, payload: string): void {
    this.#retained.set(topic, payload, 1);
  }

  /** A message of the moment: without a connection, or where the broker does not keep up, it is not sent. @throws PublishError */
  async send(message: Message): Promise<void> {
    const { link } = this.#connection;
    if (!link || link.queueLength >= mostWaitingEvents)
      throw new PublishError('lost', link ? 'the broker does not keep up' : 'there is no connection');
    await link.publish(message);
  }

  /** Resolves when the broker has taken the subscription, however long that takes; gives what ends it. */
  subscribe(topic: string, onMessage: OnMessage, signal: AbortSignal): Promise<() => void> {
    return this.#subscriptions.add(topic, onMessage, signal);
  }

  get isConnected(): boolean {
    return this.#connection.link !== null;
  }

  /** Says goodbye (`offline`, retained) where there is a broker to hear it; waits 2 s at most. */
  async close(): Promise<void> {
    await Promise.all(this.#storing.values());
    this.#checkpoint.close();
    this.#retained.close();
    this.#images.close();
    await this.#connection.close({ topic: this.#topics.status, payload: offline, qos: 1, retain: true });
    await this.#delivery.close();
  }

  #connected(link: BrokerLink): void {
    this.#options.log.info(
      {
        url: this.#connection.url,
        mqtt: link.protocolVersion,
        dropped: this.#droppedEvents,
        outbox: this.#options.outbox.health.depth,
      },
      'connected to the broker',
    );
    this.#droppedEvents = 0;
    this.#retained.sayTo(link);
    this.#subscriptions.sayTo(link);
    this.#images.sayTo(link);
    this.#delivery.deliverTo(link);
  }

  #sendEvent(camera: string, payload: string): void {
    const { link } = this.#connection;
    const topic = this.#topics.event(camera);
    if (!link || link.queueLength >= mostWaitingEvents) this.#droppedEvents++;
    else
      link
        .publish({ topic, payload, qos: 1, retain: false })
        .catch((error) => this.#refusals.tell(topic, error));
  }
}
