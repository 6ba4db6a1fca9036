import { ulid } from 'ulid';
import { cameraConfigPayload } from '../../contract/camera-config.ts';
import { healthPayload } from '../../contract/health-payload.ts';
import {
  cameraStatusPayload,
  eventPayload,
  isDescription,
  observedPayload,
} from '../../contract/payloads.ts';
import { raisedAlertPayload } from '../../contract/rule-payloads.ts';
import { type Topics, topicsOf } from '../../contract/topics.ts';
import { watchesPayload } from '../../contract/watches.ts';
import type { CameraSettings } from '../../domain/camera-settings.ts';
import type { CameraVision } from '../../domain/camera-vision.ts';
import { isPlausible } from '../../domain/clock.ts';
import type { Frame } from '../../domain/frame.ts';
import type { Health, OutboxHealth } from '../../domain/health.ts';
import type { CameraStatus, FrameEvent, Observation } from '../../domain/observation.ts';
import type { Alert, RuleStatus } from '../../domain/rule-status.ts';
import type { Watch } from '../../domain/watch.ts';
import type { HoursState } from '../../domain/working-hours.ts';
import type { Log, Publisher } from '../../pipeline/ports.ts';
import { bootTime } from '../../system/boot-time.ts';
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
import { ObservedState, type RestoreRules } from './observed-state.ts';
import { type ObservationStore, OutboxDelivery } from './outbox-delivery.ts';
import { RetainedState } from './retained-state.ts';
import type { StoredAlert } from './stored-alert.ts';
import type { StoredObservation } from './stored-observation.ts';

export interface MqttOptions extends ConnectFilePaths {
  readonly url: string;
  readonly username: string | null;
  readonly keepaliveMs: number;
  /** The `<device>` of `scenecast/<device>`. */
  readonly device: string;
  /** Keeps observations until the broker has them. Opened and closed by its owner. */
  readonly outbox: ObservationStore;
  /** JPEG encoders of the cameras whose described pictures are published, by camera name. */
  readonly images?: ReadonlyMap<string, EncodeImage>;
  /** Default: all of it. */
  readonly restored?: RestoreRules;
  /** An observation that is older than this when it is sent is late. */
  readonly lateAfterMs?: number;
  /** Takes the frame of each observation that was handed to the outbox. */
  readonly onStored?: (frame: Frame) => void;
  readonly log: Log;
  /** Time for subscribers to reconnect before entries that the broker lost are sent again. */
  readonly settleMs?: number;
  /** Time for the broker to acknowledge a message, before it is pinged. */
  readonly publishTimeoutMs?: number;
  /** Time for the broker to accept a connection. */
  readonly connectTimeoutMs?: number;
  /** Pause after the broker was busy. */
  readonly busyRetryMs?: number;
  readonly reconnect?: ReconnectOptions;
}

const online = JSON.stringify({ state: 'online' });
const offline = JSON.stringify({ state: 'offline' });
/** If more messages are queued, the broker is not keeping up, and events are dropped. */
const maxQueued = 1000;
const defaultLateAfterMs = 60_000;
const defaultSettleMs = 15_000;
const defaultPublishTimeoutMs = 15_000;
const defaultBusyRetryMs = 30_000;
const restoreAll: RestoreRules = { isRetained: () => true, isAnswer: () => true };

/**
 * Publishes the contract over MQTT 5, or 3.1.1 if the broker does not support it. The stream of observations goes through the
 * outbox, so that none is lost while the broker is away, or if it is killed. Of state only the newest is published, and again
 * at each connect. Events without a connection are dropped and counted.
 */
export class MqttPublisher implements Publisher {
  readonly #options: MqttOptions;
  readonly #topics: Topics;
  readonly #connection: BrokerConnection;
  readonly #refusals: RefusalLog;
  readonly #retained: RetainedState;
  readonly #subscriptions: Subscriptions;
  readonly #images: CameraImages;
  readonly #observed: ObservedState;
  readonly #checkpoint: DeliveryCheckpoint;
  readonly #delivery: OutboxDelivery;
  /** By id of an observation or alert: resolves when it is in the outbox. */
  readonly #storing = new Map<string, Promise<void>>();
  #droppedEvents = 0;

  constructor(options: MqttOptions) {
    const { device, log, outbox, restored = restoreAll } = options;
    this.#options = options;
    this.#topics = topicsOf(device);
    const { status } = this.#topics;
    this.#refusals = new RefusalLog(log);
    const busyRetryMs = options.busyRetryMs ?? defaultBusyRetryMs;
    // `online` comes last: by then all topics say what is so now.
    this.#retained = new RetainedState({ refusals: this.#refusals, log, busyRetryMs, lastTopic: status });
    this.#retained.set(status, online, 1);
    this.#observed = new ObservedState(this.#topics, this.#retained);
    this.#subscriptions = new Subscriptions(log);
    this.#images = new CameraImages({
      encoders: options.images ?? new Map(),
      topics: this.#topics,
      log,
    });
    this.#checkpoint = new DeliveryCheckpoint(this.#topics.outbox, this.#refusals, log);
    this.#delivery = new OutboxDelivery({
      store: outbox,
      topics: this.#topics,
      isConfigured: (camera) => restored.isRetained(this.#topics.description(camera)),
      restore: (stored) => this.#observed.restore(stored, restored),
      lateAfterMs: options.lateAfterMs ?? defaultLateAfterMs,
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
   * Connects in the background, retrying forever.
   * @throws ConfigError if a file of the connection (password, certificates) cannot be used.
   */
  async start(): Promise<void> {
    await this.#connection.start();
  }

  cameraStatus(camera: string, status: CameraStatus): void {
    const payload = JSON.stringify(cameraStatusPayload(status));
    this.#retained.set(this.#topics.cameraStatus(camera), payload, 1);
  }

  cameraSettings(camera: string, settings: CameraSettings, hours: HoursState | null): void {
    const payload = JSON.stringify(cameraConfigPayload(settings, hours));
    this.#retained.set(this.#topics.cameraConfig(camera), payload, 1);
  }

  cameraVision(camera: string, vision: CameraVision): void {
    this.#observed.vision(camera, vision);
  }

  observation(observation: Observation): void {
    const { id, camera } = observation.frame;
    const stored: StoredObservation = {
      description: observedPayload(observation, new Date()),
      judged: observation.judged,
      ...(isPlausible(observation.frame.capturedAt) ? {} : { storedAt: bootTime() }),
    };
    // Of a camera, the newest description is kept, and the newest that only answers.
    const kept = isDescription(stored.description) ? camera : `${camera} answers`;
    const storing = this.#options.outbox.add({ id, camera: kept, body: JSON.stringify(stored) }).then(() => {
      this.#storing.delete(id);
      this.#delivery.wake();
    });
    this.#storing.set(id, storing);
    this.#options.onStored?.(observation.frame);
    // The picture first: it is then the right one for whoever looks at it because of an answer.
    this.#observed.add(stored, Promise.all([storing, this.#images.described(observation.frame)]));
  }

  rule(camera: string, rule: string, status: RuleStatus): void {
    this.#observed.rule(camera, rule, status);
  }

  watches(watches: readonly Watch[]): void {
    this.#retained.set(this.#topics.watches, JSON.stringify(watchesPayload(watches)), 1);
  }

  /** It follows the observations and the picture that it rests on. */
  alert(alert: Alert): Promise<void> {
    const { camera, at } = alert;
    const id = ulid(at.getTime());
    const image = this.#options.images?.has(camera) ? this.#topics.image(camera) : null;
    const stored: StoredAlert = {
      alert: raisedAlertPayload(alert, image),
      ...(isPlausible(at) ? {} : { storedAt: bootTime() }),
    };
    const storing = Promise.resolve(this.#observed.added(camera)).then(async () => {
      await this.#options.outbox.add({ id, camera: `${camera} alerts`, body: JSON.stringify(stored) });
      this.#storing.delete(id);
      this.#delivery.wake();
    });
    this.#storing.set(id, storing);
    return storing;
  }

  event(event: FrameEvent): void {
    const payload = JSON.stringify(eventPayload(event, new Date()));
    const storing = event.type === 'described' ? this.#storing.get(event.id) : undefined;
    // `described` is published once the observation cannot be lost any more.
    if (storing) void storing.then(() => this.#sendEvent(event.camera, payload));
    else this.#sendEvent(event.camera, payload);
  }

  /** QoS 0: the next one follows soon. */
  health(health: Health): void {
    const payload = healthPayload({ ...health, outbox: this.#options.outbox.health }, new Date());
    this.#retained.set(this.#topics.health, JSON.stringify(payload), 0);
  }

  /** Publishes retained, with QoS 1, and again on each connect; an empty payload clears the topic. */
  retain(topic: string, payload: string): void {
    this.#retained.set(topic, payload, 1);
  }

  /** Takes a camera's picture back, unless one is described meanwhile. */
  async forgetImage(camera: string): Promise<void> {
    if (!(await this.#images.forget(camera))) return;
    this.retain(this.#topics.image(camera), '');
    this.retain(this.#topics.imageInfo(camera), '');
  }

  /** Publishes a message now or never. @throws PublishError, also without a connection or if the broker does not keep up */
  async send(message: Message): Promise<void> {
    const { link } = this.#connection;
    if (!link || link.queueLength >= maxQueued)
      throw new PublishError('lost', link ? 'the broker does not keep up' : 'there is no connection');
    await link.publish(message);
  }

  /** Resolves once the broker has accepted the subscription, with a function that ends it; has no timeout. */
  subscribe(topic: string, onMessage: OnMessage, signal: AbortSignal): Promise<() => void> {
    return this.#subscriptions.add(topic, onMessage, signal);
  }

  get outboxHealth(): OutboxHealth {
    return this.#options.outbox.health;
  }

  get isConnected(): boolean {
    return this.#connection.link !== null;
  }

  /** Publishes `offline` (retained) if connected, and disconnects; waits at most 2 s for a picture, and 2 s for the broker. */
  async close(): Promise<void> {
    await Promise.all(this.#storing.values());
    await this.#observed.close();
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
    this.#subscriptions.subscribeAll(link);
    void this.#publishAll(link);
  }

  /** Pictures come before what says what they show, and what is so now before what was. */
  async #publishAll(link: BrokerLink): Promise<void> {
    await this.#images.publishAll(link);
    await this.#retained.publishAll(link);
    if (link.ended.aborted) return;
    this.#delivery.deliverTo(link);
  }

  #sendEvent(camera: string, payload: string): void {
    const { link } = this.#connection;
    const topic = this.#topics.event(camera);
    if (!link || link.queueLength >= maxQueued) this.#droppedEvents++;
    else
      link
        .publish({ topic, payload, qos: 1, retain: false })
        .catch((error) => this.#refusals.log(topic, error));
  }
}
